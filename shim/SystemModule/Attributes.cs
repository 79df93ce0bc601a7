// Attributes and markers that the C# compiler looks up by name.
#pragma warning disable CS9113 // parameters that only metadata has

namespace System.Runtime.CompilerServices
{
    public static class RuntimeFeature
    {
        public const string ByRefFields = "ByRefFields";
        public const string NumericIntPtr = "NumericIntPtr";
        public const string UnmanagedSignatureCallingConvention = "UnmanagedSignatureCallingConvention";
    }

    public static class RuntimeHelpers
    {
        public static unsafe int OffsetToStringData => sizeof(nint) + sizeof(int);
    }

    public enum MethodImplOptions
    {
        NoInlining = 8,
        AggressiveInlining = 256,
    }

    public sealed class MethodImplAttribute(MethodImplOptions options) : Attribute;

    public sealed class IntrinsicAttribute : Attribute;

    public sealed class IsVolatile;

    public sealed class IsByRefLikeAttribute : Attribute;

    public sealed class IsReadOnlyAttribute : Attribute;

    public sealed class IsUnmanagedAttribute : Attribute;

    public sealed class SkipLocalsInitAttribute : Attribute;

    public sealed class CompilerGeneratedAttribute : Attribute;

    public sealed class UnsafeValueTypeAttribute : Attribute;

    public sealed class FixedBufferAttribute(Type elementType, int length) : Attribute;

    public sealed class CallConvSuppressGCTransition;

    public sealed class CallConvCdecl;

    public sealed class ScopedRefAttribute : Attribute;

    public sealed class RefSafetyRulesAttribute(int version) : Attribute;

    public sealed class NullableAttribute : Attribute
    {
        public NullableAttribute(byte flag) => _ = flag;

        public NullableAttribute(byte[] flags) => _ = flags;
    }

    public sealed class NullableContextAttribute(byte flag) : Attribute;

    public static unsafe class Unsafe
    {
#pragma warning disable CS8500 // T is byte or the like in all uses
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ref T AsRef<T>(void* pointer) => ref *(T*)pointer;
#pragma warning restore CS8500
    }
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind
    {
        Sequential = 0,
        Explicit = 2,
        Auto = 3,
    }

    public enum CharSet
    {
        None = 1,
        Ansi = 2,
        Unicode = 3,
        Auto = 4,
    }

    public sealed class StructLayoutAttribute(LayoutKind kind) : Attribute
    {
        public int Pack;
        public int Size;
        public CharSet CharSet;
    }

    public sealed class FieldOffsetAttribute(int offset) : Attribute;

    public sealed class DllImportAttribute(string library) : Attribute
    {
        public string? EntryPoint;
    }

    public sealed class UnmanagedCallersOnlyAttribute : Attribute
    {
        public string? EntryPoint;
        public Type[]? CallConvs;
    }

    public sealed class SuppressGCTransitionAttribute : Attribute;

    public sealed class InAttribute : Attribute;

    public sealed class OutAttribute : Attribute;
}

namespace System.Runtime
{
    internal sealed class RuntimeExportAttribute(string name) : Attribute;
}

namespace System.Reflection
{
    public sealed class DefaultMemberAttribute(string name) : Attribute;
}

namespace System.Threading
{
    public static class Interlocked
    {
        // The compiler replaces all but Add by the processor's instruction; their bodies are never called.
        [System.Runtime.CompilerServices.Intrinsic]
        public static int CompareExchange(ref int location, int value, int comparand) =>
            CompareExchange(ref location, value, comparand);

        [System.Runtime.CompilerServices.Intrinsic]
        public static int Exchange(ref int location, int value) => Exchange(ref location, value);

        [System.Runtime.CompilerServices.Intrinsic]
        public static nuint CompareExchange(ref nuint location, nuint value, nuint comparand) =>
            CompareExchange(ref location, value, comparand);

        public static int Add(ref int location, int value)
        {
            int before;
            do
                before = location;
            while (CompareExchange(ref location, unchecked(before + value), before) != before);
            return unchecked(before + value);
        }
    }
}

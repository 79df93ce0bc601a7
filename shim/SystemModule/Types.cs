// The system module: only what the C# compiler and ilc demand. Shapes and names are theirs, so nothing here is to taste.
#pragma warning disable CS0169, CS0649 // fields that only the compiler uses
#pragma warning disable CS0660, CS0661 // Object's own members are all that there is

namespace System;

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

public class Object
{
    internal nint MethodTable;

    public virtual bool Equals(object? other) => (object)this == other;

    public virtual int GetHashCode() => 0;

    public virtual string? ToString() => null;
}

public struct Void;

public struct Boolean;

public struct Char;

public struct SByte;

public struct Byte;

public struct Int16;

public struct UInt16
{
    public const ushort MaxValue = 0xffff;
}

public struct Int32
{
    public const int MaxValue = 0x7fffffff;
}

public struct UInt32
{
    public const uint MaxValue = 0xffffffff;
}

public struct Int64;

public struct UInt64;

public struct IntPtr;

public struct UIntPtr;

public struct Single;

public struct Double;

public abstract class ValueType;

public abstract class Enum : ValueType;

public struct Nullable<T>
    where T : struct;

public sealed class String
{
    public readonly int Length;
}

public abstract class Array;

internal class Array<T> : Array;

public abstract class Delegate;

public abstract class MulticastDelegate : Delegate;

public class Exception;

public struct RuntimeTypeHandle;

public struct RuntimeMethodHandle;

public struct RuntimeFieldHandle;

public abstract class Type;

public class Attribute;

public enum AttributeTargets
{
    All = 0x7fff,
}

public sealed class AttributeUsageAttribute : Attribute
{
    public AttributeUsageAttribute(AttributeTargets targets) => _ = targets;
}

public sealed class FlagsAttribute : Attribute;

public sealed class ParamArrayAttribute : Attribute;

public sealed class ObsoleteAttribute : Attribute
{
    public ObsoleteAttribute(string message, bool error) => _ = (message, error);
}

/// <summary>Enough of a span for <c>"..."u8</c>, which the compiler places in read-only data.</summary>
public readonly ref struct ReadOnlySpan<T>
{
    private readonly ref T _reference;
    private readonly int _length;

    public unsafe ReadOnlySpan(void* pointer, int length)
    {
        _reference = ref Unsafe.AsRef<T>(pointer);
        _length = length;
    }

    // Never called: the compiler only wants to see it before it takes the one above.
    public unsafe ReadOnlySpan(T[] array, int start, int length)
    {
        _reference = ref Unsafe.AsRef<T>(null);
        _length = 0;
        _ = array;
        _ = start + length;
    }

    public int Length => _length;

    public ref readonly T GetPinnableReference() => ref _reference;
}

public struct ValueTuple<T1, T2>
{
    public T1 Item1;
    public T2 Item2;

    public ValueTuple(T1 item1, T2 item2)
    {
        Item1 = item1;
        Item2 = item2;
    }
}

internal static unsafe class SpanHelpers
{
    // Copies of large structures are compiled to calls of these two.
    internal static void Memmove(ref byte destination, ref byte source, nuint length)
    {
        fixed (byte* to = &destination)
        fixed (byte* from = &source)
            memmove(to, from, length);
    }

    internal static void ClearWithoutReferences(ref byte start, nuint length)
    {
        fixed (byte* octets = &start)
            memset(octets, 0, length);
    }

    internal static void Fill(ref byte start, byte value, nuint length)
    {
        fixed (byte* octets = &start)
            memset(octets, value, length);
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern void* memmove(void* destination, void* source, nuint length);

    [DllImport("libc"), SuppressGCTransition]
    private static extern void* memset(void* start, int value, nuint length);
}

internal static class Buffer
{
    internal static void BulkMoveWithWriteBarrier(ref byte destination, ref byte source, nuint length) =>
        SpanHelpers.Memmove(ref destination, ref source, length);
}

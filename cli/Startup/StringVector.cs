using System.Runtime.InteropServices;

namespace Pyco.Cli.Startup;

/// <summary>A NULL-terminated array of C strings, as execve and posix_spawn take them.</summary>
internal sealed unsafe class StringVector : IDisposable
{
    private readonly byte** _strings;
    private readonly int _count;

    public StringVector(IReadOnlyList<byte[]> strings)
    {
        _count = strings.Count;
        _strings = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (int index = 0; index < _count; index++)
        {
            byte[] octets = strings[index];
            _strings[index] = (byte*)NativeMemory.AllocZeroed((nuint)octets.Length + 1);
            octets.CopyTo(new Span<byte>(_strings[index], octets.Length));
        }
    }

    public byte** Pointer => _strings;

    public byte* First => _strings[0];

    public void Dispose()
    {
        for (int index = 0; index < _count; index++)
            NativeMemory.Free(_strings[index]);
        NativeMemory.Free(_strings);
    }
}

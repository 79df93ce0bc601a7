using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pyco.Posix;

/// <summary>
/// An array of struct epoll_event, which is packed on x86-64 (12 octets) and aligned everywhere else (16 octets): one
/// build of the code serves both, so the layout is chosen at run time.
/// </summary>
internal sealed unsafe class EpollEvents : IDisposable
{
    public static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = Stride - sizeof(ulong);

    private byte* _events;

    public EpollEvents(int capacity)
    {
        Capacity = capacity;
        _events = (byte*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)Stride);
    }

    public int Capacity { get; }

    public void* Pointer => _events;

    public uint EventsAt(int index) => Unsafe.ReadUnaligned<uint>(_events + (index * Stride));

    public ulong DataAt(int index) => Unsafe.ReadUnaligned<ulong>(_events + (index * Stride) + DataOffset);

    /// <summary>epoll_ctl(2).</summary>
    public static int Control(int epoll, int operation, int fd, uint events, ulong data)
    {
        byte* change = stackalloc byte[16];
        Unsafe.WriteUnaligned(change, events);
        Unsafe.WriteUnaligned(change + DataOffset, data);
        return Libc.epoll_control(epoll, operation, fd, change);
    }

    public void Dispose()
    {
        NativeMemory.Free(_events);
        _events = null;
    }
}

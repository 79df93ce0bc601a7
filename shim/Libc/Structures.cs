using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;
}

/// <summary>struct msghdr on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public byte* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nuint VectorCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;

    /// <summary>Answers a receiving call that has no address, no control messages and no flags to tell.</summary>
    internal void TellNothing()
    {
        NameLength = 0;
        ControlLength = 0;
        Flags = 0;
    }
}

/// <summary>struct mmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MultiMessageHeader
{
    public MessageHeader Message;
    public uint Length;
}

/// <summary>struct cmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlHeader
{
    public nuint Length;
    public int Level;
    public int Type;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

/// <summary>struct timespec; struct timeval has the same shape, with microseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}

/// <summary>struct rlimit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    public ulong Soft;
    public ulong Hard;
}

/// <summary>struct ucred.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Credentials
{
    public int Process;
    public uint User;
    public uint Group;
}

/// <summary>The kernel's own struct sigaction, as rt_sigaction(2) has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KernelSignalAction
{
    public nint Handler;
    public ulong Flags;
#if !PYCO_ARM64
    public nint Restorer;
#endif
    public ulong Mask;
}

/// <summary>struct sockaddr_un, which holds the kernel's name of one of our sockets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal unsafe struct UnixAddress
{
    public const int PathOffset = 2;
    public const int PathCapacity = 108;

    public ushort Family;
    public fixed byte Path[PathCapacity];
}

/// <summary>struct sockaddr_in6, large enough for struct sockaddr_in too.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InternetAddress
{
    public const int LengthV4 = 16;
    public const int LengthV6 = 28;

    public ushort Family;

    /// <summary>In network order.</summary>
    public ushort Port;

    /// <summary>sin_addr, or sin6_flowinfo.</summary>
    public uint AddressV4;

    public fixed byte AddressV6[16];
    public uint Scope;
}

/// <summary>The control message that SCM_RIGHTS needs to attach one descriptor, padded as CMSG_SPACE does.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct DescriptorControl
{
    public ControlHeader Header;
    public int Descriptor;
}

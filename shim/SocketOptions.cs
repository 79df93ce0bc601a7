using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>Options of SOL_SOCKET (socket(7)).</summary>
internal static unsafe class SocketOptions
{
    /// <summary>A smaller send buffer has no room for a connect request and its filler.</summary>
    private const int SmallestSendBuffer = 16384;

    internal static Errno Get(int fd, SocketState state, int name, byte* value, uint* length)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        switch (name)
        {
            case SoType:
                return Options.Give(isDatagram ? SockDgram : SockStream, value, length);
            case SoDomain:
                return Options.Give((state & SocketState.V6) != 0 ? AfInet6 : AfInet, value, length);
            case SoProtocol:
                return Options.Give(Descriptor.IsEcho(state) ? IpProtoIcmp : isDatagram ? IpProtoUdp : IpProtoTcp, value, length);
            case SoError:
                return Options.Give((int)(isDatagram ? Errno.None : StreamError.Pending(fd, state)), value, length);
            case SoIncomingCpu:
                return Options.Give(0, value, length);
            case SoReusePort:
                return Options.GetFromHost(fd, SolSocket, name, value, length);
            case SoPeercred:
                return GiveNobody(value, length);
            case SoBindToDevice:
                *length = 0;
                return Errno.None;
            case SoSndbuf when (state & SocketState.HasSmallSendBuffer) != 0:
                return Options.Give(SendBuffer.Usual, value, length);
            case SoPeerName:
                return GivePeerName(fd, state, value, length);
            case SoPeerGroups or SoPeerPidFd:
                return Errno.ENODATA;
            case SoPeerSec or SoAttachFilter:
                return Errno.ENOPROTOOPT;
            default:
                return FromKernel(fd, name, value, length);
        }
    }

    internal static Errno Set(int fd, SocketState state, int name, byte* value, uint length)
    {
        switch (name)
        {
            case SoType or SoDomain or SoProtocol or SoError or SoAcceptConn:
                return Errno.ENOPROTOOPT;
            case SoIncomingCpu or SoNoCheck:
                return length < sizeof(int) ? Errno.EINVAL : Errno.None;
            case SoReusePort:
                return length < sizeof(int)
                    ? Errno.EINVAL
                    : Options.SetAtHost(fd, state, SolSocket, name, value, length);
            case SoReuseAddr or SoBroadcast or SoKeepAlive or SoLinger:
                return SetAtBoth(fd, state, name, value, length);
            case SoRcvTimeo or SoSndTimeo or SoPriority or SoOobInline:
                return SetInheritable(fd, state, name, value, length);
            case SoSndbuf or SoSndbufForce:
                return SetSendBuffer(fd, state, name, value, length);
            case SoBindToDevice:
                return IsOurInterface(value, length) ? Errno.None : Errno.ENODEV;
            case SoZeroCopy or SoPassCred or SoPassSec:
                return Errno.EOPNOTSUPP;
            case SoAttachFilter or SoAttachBpf or SoAttachReusePortCbpf or SoAttachReusePortEbpf:
                return Errno.ENOPROTOOPT;
            default:
                return AtKernel(fd, name, value, length);
        }
    }

    /// <summary>
    /// The kernel socket holds the value, so that no question needs the host; a host that knows the socket must hear it.
    /// </summary>
    private static Errno SetAtBoth(int fd, SocketState state, int name, byte* value, uint length)
    {
        if ((state & SocketState.Datagram) == 0 && name != SoLinger)
        {
            state = Options.SetState(fd, state | SocketState.HasOptions);
        }

        Errno error = name == SoLinger || name == SoKeepAlive
            ? SetInheritable(fd, state, name, value, length)
            : AtKernel(fd, name, value, length);
        bool hostMustHear = (state & (SocketState.Known | SocketState.Datagram)) != 0 || name == SoLinger;
        if (error != Errno.None || !hostMustHear)
            return error;
        _ = Descriptor.IsOurs(fd, out state);
        return name == SoKeepAlive && length >= sizeof(int)
            ? Options.NoteAtHost(fd, state, SolSocket, name, value, length)
            : Options.SetAtHost(fd, state, SolSocket, name, value, length);
    }

    private static Errno SetInheritable(int fd, SocketState state, int name, byte* value, uint length)
    {
        Errno error = AtKernel(fd, name, value, length);
        if (error == Errno.None && (state & SocketState.Datagram) == 0)
            _ = Options.SetState(fd, state | SocketState.Inherits);
        return error;
    }

    private static Errno SetSendBuffer(int fd, SocketState state, int name, byte* value, uint length)
    {
        if (length < sizeof(int))
            return Errno.EINVAL;
        if ((state & SocketState.HasSmallSendBuffer) != 0)
            Descriptor.SetState(fd, state & ~SocketState.HasSmallSendBuffer); // from now on it is the program's
        int size = *(int*)value;
        if (size is >= 0 and < SmallestSendBuffer)
            size = SmallestSendBuffer;
        return AtKernel(fd, name, (byte*)&size, sizeof(int));
    }

    private static bool IsOurInterface(byte* name, uint length)
    {
        if (length == 0 || *name == 0)
            return true;
        Reply reply;
        return Interfaces.TryFind(name, length, &reply);
    }

    /// <summary>What SO_PEERCRED says of a socket that is not AF_UNIX.</summary>
    private static Errno GiveNobody(byte* value, uint* length)
    {
        Credentials nobody = new() { Process = 0, User = uint.MaxValue, Group = uint.MaxValue };
        if (*length > sizeof(Credentials))
            *length = (uint)sizeof(Credentials);
        Memory.Copy(value, (byte*)&nobody, (int)*length);
        return Errno.None;
    }

    /// <summary>As getpeername(2), but who asks for more than there is gets EINVAL (sk_getsockopt, 6.1).</summary>
    private static Errno GivePeerName(int fd, SocketState state, byte* value, uint* length)
    {
        WireAddress remote;
        if (Names.GetRemote(fd, state, &remote) != Errno.None)
            return Errno.ENOTCONN;
        InternetAddress address;
        uint whole = SocketAddress.ToInternet(&remote, (state & SocketState.V6) != 0, &address);
        if (whole < *length)
            return Errno.EINVAL;
        Memory.Copy(value, (byte*)&address, (int)*length);
        return Errno.None;
    }

    private static Errno FromKernel(int fd, int name, byte* value, uint* length)
    {
        int result = Kernel.GetOption(fd, SolSocket, name, value, length);
        return result < 0 ? (Errno)(-result) : Errno.None;
    }

    private static Errno AtKernel(int fd, int name, byte* value, uint length)
    {
        int result = Kernel.SetOption(fd, SolSocket, name, value, length);
        return result < 0 ? (Errno)(-result) : Errno.None;
    }
}

using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>getsockname(2) and getpeername(2).</summary>
internal static unsafe class Names
{
    [UnmanagedCallersOnly(EntryPoint = "getsockname")]
    public static int Local(int fd, byte* address, uint* length)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.GetSocketName(fd, address, length);
        WireAddress local;
        Errno error = GetLocal(fd, state, &local);
        return LibcError.Answer(error == Errno.None ? Give(&local, state, address, length) : error);
    }

    [UnmanagedCallersOnly(EntryPoint = "getpeername")]
    public static int Peer(int fd, byte* address, uint* length)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.GetPeerName(fd, address, length);
        WireAddress remote;
        Errno error = GetRemote(fd, state, &remote);
        return LibcError.Answer(error == Errno.None ? Give(&remote, state, address, length) : error);
    }

    private static Errno Give(WireAddress* source, SocketState state, byte* address, uint* length)
    {
        if (address == null || length == null)
            return Errno.EFAULT;
        if ((int)*length < 0)
            return Errno.EINVAL;
        SocketAddress.Write(source, state, address, length);
        return Errno.None;
    }

    internal static Errno GetLocal(int fd, SocketState state, WireAddress* local)
    {
        WireAddress remote;
        bool isNowhere = (state & (SocketState.Known | SocketState.Datagram)) == 0 || IsDissolved(state);
        if (!isNowhere && IsAccepted(state) && TryReadAccepted(fd, local, &remote))
            return Errno.None;
        if (isNowhere)
        {
            *local = default;
            if ((state & SocketState.V6) == 0)
                SocketAddress.WriteMapped(local->Octets, 0);
            return Errno.None;
        }

        Reply reply;
        Errno error = HostRequest.Ask(fd, Operation.GetLocalAddress, 0, &reply);
        *local = reply.Address;
        return error;
    }

    internal static Errno GetRemote(int fd, SocketState state, WireAddress* remote)
    {
        WireAddress local;
        if (IsDissolved(state))
            return Errno.ENOTCONN;
        if (IsAccepted(state))
            return GetAcceptedRemote(fd, &local, remote);
        if ((state & SocketState.Connecting) == 0)
            return Errno.ENOTCONN;
        Reply reply;
        Errno error = HostRequest.Ask(fd, Operation.GetRemoteAddress, 0, &reply);
        *remote = reply.Address;
        return error;
    }

    /// <summary>The bit is another one's for UDP.</summary>
    private static bool IsAccepted(SocketState state) =>
        (state & (SocketState.Accepted | SocketState.Datagram)) == SocketState.Accepted;

    /// <summary>This bit, too.</summary>
    private static bool IsDissolved(SocketState state) =>
        (state & (SocketState.Dissolved | SocketState.Datagram)) == SocketState.Dissolved;

    private static Errno GetAcceptedRemote(int fd, WireAddress* local, WireAddress* remote) =>
        TryReadAccepted(fd, local, remote) ? Errno.None : Errno.ENOTCONN;

    private static bool TryReadAccepted(int fd, WireAddress* local, WireAddress* remote)
    {
        UnixAddress name;
        uint length = (uint)sizeof(UnixAddress);
        return Kernel.GetPeerName(fd, &name, &length) >= 0 &&
            SocketName.TryReadConnection(&name, length, local, remote);
    }
}

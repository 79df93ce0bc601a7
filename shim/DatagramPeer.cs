using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;


namespace Pyco.Shim;

/// <summary>The connected peer of UDP sockets.</summary>
internal static unsafe class DatagramPeer
{
    private const int CacheSize = 16;

    /// <summary>The lowest bit of <see cref="SocketState.ConnectCount"/>.</summary>
    private const int OneConnect = 0x4000;

    // What the host said, by SO_COOKIE and connect count, so that it cannot be another socket's or an older peer.
    private static Cache Remembered;

    // A try-lock: whoever finds it taken (a signal handler, perhaps, over its owner) does without the cache.
    private static int IsBusy;

    internal static Errno Connect(int fd, SocketState state, byte* address, uint length)
    {
        Request request = default;
        request.Operation = Operation.ConnectDatagram;
        bool dissolves = SocketAddress.Family(address, length) == AfUnspec;
        if (!dissolves)
        {
            Errno problem = Read(address, length, state, &request.Address);
            if (problem != Errno.None)
                return problem;
        }

        request.Flags = Bind.RequestFlagsOf(fd, state);
        Reply reply;
        Errno error = HostRequest.Ask(fd, &request, &reply);
        if (error != Errno.None)
            return error;
        state = dissolves ? state & ~SocketState.Connecting : state | SocketState.Connecting;
        int count = ((int)(state & SocketState.ConnectCount) + OneConnect) & (int)SocketState.ConnectCount;
        state = (state & ~SocketState.ConnectCount) | (SocketState)count | SocketState.Known;
        Descriptor.SetState(fd, state);
        return Errno.None;
    }

    /// <summary>The peer, remembered or asked for.</summary>
    internal static Errno Get(int fd, SocketState state, WireAddress* peer)
    {
        ulong cookie = Descriptor.Cookie(fd);
        if (TryRecall(cookie, state, peer))
            return Errno.None;
        Errno error = Names.GetRemote(fd, state, peer);
        if (error == Errno.None)
            Remember(cookie, state, peer);
        return error;
    }

    private static Errno Read(byte* address, uint length, SocketState state, WireAddress* result)
    {
        if (address == null)
            return Errno.EFAULT;
        if (length < InternetAddress.LengthV4)
            return Errno.EINVAL;
        if ((state & SocketState.V6) == 0 && SocketAddress.Family(address, length) == AfInet6)
            return Errno.EAFNOSUPPORT;
        Errno error = SocketAddress.ReadEither(address, length, result);
        if (error == Errno.None)
            Shim.Connect.ReplaceAnyByLoopback(result);
        return error;
    }

    private static bool TryRecall(ulong cookie, SocketState state, WireAddress* peer)
    {
        if (Interlocked.Exchange(ref IsBusy, 1) != 0)
            return false;
        bool isKnown;
        fixed (Cache* cache = &Remembered)
        {
            Entry* entry = (Entry*)cache->Octets + (cookie % CacheSize);
            isKnown = entry->Cookie == cookie && entry->Count == (state & SocketState.ConnectCount);
            if (isKnown)
                *peer = entry->Peer;
        }

        _ = Interlocked.Exchange(ref IsBusy, 0);
        return isKnown;
    }

    private static void Remember(ulong cookie, SocketState state, WireAddress* peer)
    {
        if (Interlocked.Exchange(ref IsBusy, 1) != 0)
            return;
        fixed (Cache* cache = &Remembered)
        {
            Entry* entry = (Entry*)cache->Octets + (cookie % CacheSize);
            entry->Cookie = cookie;
            entry->Count = state & SocketState.ConnectCount;
            entry->Peer = *peer;
        }

        _ = Interlocked.Exchange(ref IsBusy, 0);
    }

    private struct Entry
    {
        public ulong Cookie;
        public SocketState Count;
        public WireAddress Peer;
    }

    private struct Cache
    {
        // The size of Entry: 8 + 4 + 24, aligned to 8.
        public fixed byte Octets[CacheSize * 40];
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Control;

/// <summary>A connection to one of a process's control sockets; until it has said what it wants it may be anybody's.</summary>
internal abstract class PendingConnection : EventSource
{
    private readonly EventLoop _loop;
    private LinkedListNode<PendingConnection>? _node;

    protected PendingConnection(EventLoop loop, int descriptor)
    {
        _loop = loop;
        Descriptor = descriptor;
        Peer = ReadPeer(descriptor);
    }

    /// <summary>Who it is, as the kernel says.</summary>
    public PeerCredentials Peer { get; }

    /// <summary>When it is closed if it stays silent.</summary>
    public Instant ExpiresAt { get; private set; }

    protected EventLoop Loop => _loop;

    public void Begin(LinkedList<PendingConnection> pending, Instant expiresAt)
    {
        Debug.Assert(_node is null);
        ExpiresAt = expiresAt;
        _node = pending.AddLast(this);
    }

    /// <summary>Ends the connection; nothing happens the second time.</summary>
    public virtual void Close()
    {
        HasSpoken();
        if (Descriptor < 0)
            return;
        _loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }

    /// <summary>It has said what it wants, and may take its time from now on.</summary>
    protected void HasSpoken()
    {
        _node?.List!.Remove(_node);
        _node = null;
    }

    /// <summary>Whether it is a member of a group: by the groups of its process, which no list of users can change later.</summary>
    public unsafe bool IsInGroup(uint group)
    {
        const int most = 65_536; // NGROUPS_MAX
        if (Peer.GroupId == group)
            return true;
        uint[] groups = new uint[most];
        uint length = most * sizeof(uint);
        fixed (uint* start = groups)
        {
            if (Libc.getsockopt(Descriptor, Constants.SolSocket, Constants.SoPeergroups, start, &length) != 0)
                return false;
        }
        return groups.AsSpan(0, (int)(length / sizeof(uint))).Contains(group);
    }

    /// <summary>Who is at the other end of a socket; nobody if the kernel does not say.</summary>
    public static unsafe PeerCredentials ReadPeer(int descriptor)
    {
        PeerCredentials peer;
        uint length = (uint)Unsafe.SizeOf<PeerCredentials>();
        return Libc.getsockopt(descriptor, Constants.SolSocket, Constants.SoPeercred, &peer, &length) == 0
            ? peer
            : new PeerCredentials { ProcessId = -1, UserId = uint.MaxValue, GroupId = uint.MaxValue };
    }
}

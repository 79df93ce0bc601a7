using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// The programs' sockets by their names. A program that closes a socket which the host has an end of is heard; one that
/// was only bound or listens is not, so the table asks the kernel for its name. It asks a few sockets at a time, as
/// often as new ones come: the work for each request stays the same however many there are, and what nobody holds any
/// more does not pile up.
/// </summary>
internal sealed class SocketTable
{
    /// <summary>How many sockets are asked for when one more comes: more than one, or they would come faster than asked.</summary>
    private const int SweptForEachNew = 2;

    /// <summary>How many are asked for when all ephemeral ports are taken.</summary>
    private const int SweptForAnyPort = 256;

    private readonly Dictionary<SocketKey, ProgramSocket> _sockets = [];
    private readonly Dictionary<ushort, List<ProgramSocket>> _byPort = [];

    /// <summary>Those that the host has no end of, the longest unasked first; what has got one leaves in its turn.</summary>
    private readonly Queue<ProgramSocket> _unattached = new();

    /// <summary>How often the kernel was asked whether a socket is held.</summary>
    public long Asked { get; private set; }

    public int Count => _sockets.Count;

    /// <summary>How many sockets that the host has an end of are held by programs.</summary>
    public int Held { get; set; }

    public IReadOnlyCollection<ProgramSocket> All => _sockets.Values;

    /// <summary>True while a connection that its program has closed has something left to say to its peer.</summary>
    public bool HasUnfinished => _sockets.Values.Any(socket => socket is StreamSocket { IsUnfinished: true });

    public ProgramSocket? Find(SocketKey key) => _sockets.GetValueOrDefault(key);

    /// <summary>Adds one that the host has no end of yet.</summary>
    public void Add(ProgramSocket socket, Instant now)
    {
        Sweep(SweptForEachNew, now);
        _unattached.Enqueue(socket);
        _sockets.Add(socket.Key, socket);
    }

    /// <summary>Adds one that will be heard when its program lets go: nobody has to be asked because of it.</summary>
    public void AddAttached(ProgramSocket socket) => _sockets.Add(socket.Key, socket);

    public void Remove(ProgramSocket socket)
    {
        if (_sockets.Remove(socket.Key))
            ForgetPort(socket);
    }

    /// <summary>Asks the kernel whether the program still holds the socket.</summary>
    public bool Ask(ProgramSocket socket)
    {
        Asked++;
        return socket.IsHeld();
    }

    /// <summary>The socket has got its port by bind or listen, which may be all that ever happens to it.</summary>
    public void NotePort(ProgramSocket socket)
    {
        ushort port = socket.Stack.Local.Port;
        if (port == socket.ClaimedPort || port == 0)
            return;
        ForgetPort(socket);
        socket.ClaimedPort = port;
        if (!_byPort.TryGetValue(port, out List<ProgramSocket>? claimants))
            _byPort.Add(port, claimants = []);
        claimants.Add(socket);
    }

    /// <summary>A port is wanted that is taken: its holder may have gone without our noticing.</summary>
    /// <param name="port">The port; 0 if all that may be chosen from are taken.</param>
    /// <param name="now">The moment.</param>
    public void FreePort(ushort port, Instant now)
    {
        if (port == 0)
        {
            Sweep(SweptForAnyPort, now);
            return;
        }
        if (!_byPort.TryGetValue(port, out List<ProgramSocket>? claimants))
            return;
        foreach (ProgramSocket socket in claimants.ToArray())
        {
            if (socket is DatagramSocket datagram && datagram.EndIfClosed(now))
                continue;
            if (IsUnattached(socket) && !Ask(socket))
                socket.Abandon(now);
        }
    }

    /// <summary>Whether any program still holds a socket. Costs one question unless sockets have been let go.</summary>
    public bool IsAnyHeld(Instant now)
    {
        if (Held > 0)
            return true;
        while (_unattached.TryPeek(out ProgramSocket? socket))
        {
            if (IsUnattached(socket) && Ask(socket))
                return true;
            _unattached.Dequeue();
            if (IsUnattached(socket))
                socket.Abandon(now);
        }
        return false;
    }

    private void ForgetPort(ProgramSocket socket)
    {
        if (!_byPort.TryGetValue(socket.ClaimedPort, out List<ProgramSocket>? claimants))
            return;
        claimants.Remove(socket);
        if (claimants.Count == 0)
            _byPort.Remove(socket.ClaimedPort);
    }

    private void Sweep(int steps, Instant now)
    {
        for (int left = Math.Min(steps, _unattached.Count); left > 0; left--)
        {
            ProgramSocket socket = _unattached.Dequeue();
            if (!IsUnattached(socket))
                continue;
            if (Ask(socket))
                _unattached.Enqueue(socket);
            else
                socket.Abandon(now);
        }
    }

    /// <summary>
    /// Whether the kernel's name is all that tells of its program. A connection that its program has closed is none of
    /// these: TCP ends it.
    /// </summary>
    private bool IsUnattached(ProgramSocket socket) =>
        !socket.IsAttached && socket is not StreamSocket { Tcp.Remote: not null } &&
        ReferenceEquals(Find(socket.Key), socket);
}

using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// A hold on a local port: a bound or listening socket has its own; all connections that a listener accepted on one
/// address share one, so that ten thousand of them do not make the next bind slow.
/// </summary>
internal sealed class PortClaim
{
    public required IpEndpoint Local { get; init; }

    public bool V6Only { get; init; }

    public bool Reuse { get; set; }

    public bool ReusePort { get; set; }

    public Listener? Listener { get; set; }

    /// <summary>Sockets, connections and TIME-WAIT entries that hold it.</summary>
    public int Users { get; set; } = 1;

    private bool ServesV4 => Local.Address.IsV4 || !V6Only;

    private bool ServesV6 => !Local.Address.IsV4;

    /// <summary>True if one packet could be meant for either.</summary>
    public bool Overlaps(PortClaim other)
    {
        IpAddress mine = Local.Address;
        IpAddress others = other.Local.Address;
        if (!mine.IsAny && !others.IsAny)
            return mine == others;
        if (mine.IsAny && others.IsAny)
            return (ServesV4 && other.ServesV4) || (ServesV6 && other.ServesV6);
        return mine.IsAny ? Match(others) > 0 : other.Match(mine) > 0;
    }

    /// <summary>How well it fits as the destination of a packet; 0 means not at all.</summary>
    public int Match(IpAddress destination)
    {
        if (Local.Address == destination)
            return 3;
        if (!Local.Address.IsAny)
            return 0;
        if (Local.Address.IsV4)
            return destination.IsV4 ? 2 : 0;
        return destination.IsV4 && V6Only ? 0 : 1;
    }
}

/// <summary>
/// Which local ports are held by whom. Conflicts follow Linux 6.x (inet_csk_bind_conflict), which differs from BSD:
/// SO_REUSEADDR counts only if both sides have it, and never against a listener.
/// </summary>
internal sealed class PortTable(Entropy entropy)
{
    // Linux's net.ipv4.ip_local_port_range.
    public const int FirstEphemeral = 32768;
    public const int LastEphemeral = 60999;

    private const int EphemeralCount = LastEphemeral - FirstEphemeral + 1;

    private readonly Dictionary<ushort, List<PortClaim>> _ports = [];

    /// <summary>bind(2): claims a port, or an ephemeral one for port 0.</summary>
    public Errno TryClaim(PortClaim wanted, out PortClaim claim)
    {
        claim = wanted;
        if (wanted.Local.Port != 0)
        {
            if (HasConflict(wanted))
                return Errno.EADDRINUSE;
            Add(wanted);
            return Errno.None;
        }
        int start = entropy.Next(EphemeralCount); // RFC 6056 §3.3.1
        for (int step = 0; step < EphemeralCount; step++)
        {
            ushort port = EphemeralPort(start, step);
            if (_ports.ContainsKey(port))
                continue;
            claim = WithPort(wanted, port);
            Add(claim);
            return Errno.None;
        }
        return Errno.EADDRINUSE;
    }

    /// <summary>
    /// A port for an active open: one that nobody holds, else one whose holders have other peers
    /// (<paramref name="isTaken"/> answers for the whole connection key).
    /// </summary>
    public bool TryClaimForConnect(PortClaim wanted, Func<ushort, bool> isTaken, out PortClaim claim)
    {
        claim = wanted;
        int start = entropy.Next(EphemeralCount);
        for (int pass = 0; pass < 2; pass++)
        {
            for (int step = 0; step < EphemeralCount; step++)
            {
                ushort port = EphemeralPort(start, step);
                if (pass == 0 ? _ports.ContainsKey(port) : isTaken(port) || IsListening(port))
                    continue;
                claim = WithPort(wanted, port);
                Add(claim);
                return true;
            }
        }
        return false;
    }

    /// <summary>listen(2) asks again, because sockets with SO_REUSEADDR may share a port until one of them listens.</summary>
    public bool MayListen(PortClaim claim)
    {
        foreach (PortClaim other in _ports[claim.Local.Port])
        {
            if (other != claim && other.Listener is not null && other.Overlaps(claim) &&
                !(claim.ReusePort && other.ReusePort))
                return false;
        }
        return true;
    }

    /// <summary>The claim that an accepted connection shares with others of its kind.</summary>
    public PortClaim Share(IpEndpoint local, PortClaim listener)
    {
        if (_ports.TryGetValue(local.Port, out List<PortClaim>? claims))
        {
            foreach (PortClaim claim in claims)
            {
                if (claim.Local == local && claim.Listener is null && claim != listener &&
                    claim.Reuse == listener.Reuse && claim.ReusePort == listener.ReusePort)
                {
                    claim.Users++;
                    return claim;
                }
            }
        }
        var added = new PortClaim { Local = local, Reuse = listener.Reuse, ReusePort = listener.ReusePort };
        Add(added);
        return added;
    }

    public void Release(PortClaim claim)
    {
        if (--claim.Users > 0)
            return;
        List<PortClaim> claims = _ports[claim.Local.Port];
        claims.Remove(claim);
        if (claims.Count == 0)
            _ports.Remove(claim.Local.Port);
    }

    /// <summary>The listener for a packet: exact address before wildcard before dual-stack wildcard.</summary>
    /// <param name="destination">The packet's destination.</param>
    /// <param name="spread">A number from the peer's address that picks one of several SO_REUSEPORT listeners.</param>
    public Listener? FindListener(IpEndpoint destination, int spread)
    {
        if (!_ports.TryGetValue(destination.Port, out List<PortClaim>? claims))
            return null;
        int best = 0;
        int equals = 0;
        foreach (PortClaim claim in claims)
        {
            int match = claim.Listener is null ? 0 : claim.Match(destination.Address);
            equals = match > best ? 1 : match == best ? equals + 1 : equals;
            best = Math.Max(best, match);
        }
        if (best == 0)
            return null;
        int chosen = (int)((uint)spread % (uint)equals);
        foreach (PortClaim claim in claims)
        {
            if (claim.Listener is not null && claim.Match(destination.Address) == best && chosen-- == 0)
                return claim.Listener;
        }
        return null;
    }

    private static ushort EphemeralPort(int start, int step) =>
        (ushort)(FirstEphemeral + ((start + step) % EphemeralCount));

    private static PortClaim WithPort(PortClaim wanted, ushort port) => new()
    {
        Local = wanted.Local with { Port = port },
        V6Only = wanted.V6Only,
        Reuse = wanted.Reuse,
        ReusePort = wanted.ReusePort,
    };

    private bool HasConflict(PortClaim wanted)
    {
        if (!_ports.TryGetValue(wanted.Local.Port, out List<PortClaim>? claims))
            return false;
        foreach (PortClaim other in claims)
        {
            bool shares = (wanted.ReusePort && other.ReusePort) ||
                (wanted.Reuse && other.Reuse && other.Listener is null);
            if (!shares && wanted.Overlaps(other))
                return true;
        }
        return false;
    }

    private bool IsListening(ushort port) =>
        _ports.TryGetValue(port, out List<PortClaim>? claims) && claims.Exists(claim => claim.Listener is not null);

    private void Add(PortClaim claim)
    {
        if (!_ports.TryGetValue(claim.Local.Port, out List<PortClaim>? claims))
            _ports.Add(claim.Local.Port, claims = new List<PortClaim>(1));
        claims.Add(claim);
    }
}

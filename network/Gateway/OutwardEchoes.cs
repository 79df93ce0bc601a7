using Pyco.Stack;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>A host's pinging of one address: its ping program is told apart by the identifier.</summary>
internal readonly record struct EchoEnds(IpAddress Source, IpAddress Destination, ushort Identifier);

/// <summary>
/// The echo requests of hosts to the outside (RFC 5508), by the kernel's sockets for plain users' ping (icmp(7)), which
/// net.ipv4.ping_group_range allows. Where it does not, hosts are told that it is prohibited.
/// </summary>
internal sealed class OutwardEchoes(GatewayContext context) : IDisposable
{
    /// <summary>RFC 5508's REQ-2 has no less.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(1);

    public const int MostFlows = 256;

    private readonly FlowTable<EchoEnds, OutwardEchoFlow> _flows = new(IdleLimit, MostFlows);
    private bool _hasToldPermission;

    public int Count => _flows.Count;

    public long Opened => _flows.Opened;

    /// <summary>Sends what hosts have sent, and ends what nobody uses.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (context.Transit.TryTakeEcho(out TransitEcho echo))
        {
            using (echo)
                Send(echo, now);
        }
        return _flows.Advance(now);
    }

    public void NoteUse(OutwardEchoFlow flow, Instant now) => _flows.NoteUse(flow, now);

    public void Dispose() => _flows.Dispose();

    private void Send(in TransitEcho echo, Instant now)
    {
        EchoEnds ends = new(echo.Source, echo.Destination, echo.Identifier);
        if (!context.Destinations.MayPing(echo.Destination))
        {
            context.Denials.Note("ICMP", echo.Source.ToString(), echo.Destination.ToString(), now);
            context.Transit.Refuse(echo, UnreachableReason.Prohibited, now);
            return;
        }
        Errno error = Errno.None;
        if (!_flows.TryUse(ends, now, out OutwardEchoFlow? flow))
        {
            flow = new OutwardEchoFlow(this, context, ends);
            error = flow.TryBegin(now);
            if (error == Errno.None)
                _flows.Add(ends, flow, now);
        }
        if (error == Errno.None)
            error = flow.Send(echo.Frame.Octets);
        if (error == Errno.EACCES)
            TellPermission();
        if (Refusals.ReasonFor(error) is { } reason)
            context.Transit.Refuse(echo, reason, now);
    }

    private void TellPermission()
    {
        if (_hasToldPermission)
            return;
        _hasToldPermission = true;
        context.Log("gateway: this machine does not let us ping: see net.ipv4.ping_group_range in icmp(7)");
    }
}

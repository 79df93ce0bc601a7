using Pyco.Host;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>The two ends of a flow as the host sees them.</summary>
internal readonly record struct FlowEnds(IpEndpoint Source, IpEndpoint Destination);

/// <summary>
/// The UDP flows of hosts to the outside (RFC 4787). Each host's socket has another one outside for each peer, and only
/// that peer is heard there: address- and port-dependent mapping and filtering, in the RFC's words.
/// </summary>
internal sealed class OutwardDatagrams(GatewayContext context) : IDisposable
{
    /// <summary>What RFC 4787's REQ-5c recommends.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(5);

    /// <summary>For queries to name servers, which are answered once and soon: what REQ-5b allows for well-known ports.</summary>
    public static readonly TimeSpan QueryIdleLimit = TimeSpan.FromSeconds(30);

    public const int MostFlows = 4096;

    public const int MostQueries = 1024;

    private readonly FlowTable<FlowEnds, OutwardDatagramFlow> _flows = new(IdleLimit, MostFlows);
    private readonly FlowTable<FlowEnds, OutwardDatagramFlow> _queries = new(QueryIdleLimit, MostQueries);

    public int Count => _flows.Count + _queries.Count;

    public long Opened => _flows.Opened + _queries.Opened;

    /// <summary>Flows that ended to make room for others.</summary>
    public long Displaced => _flows.Displaced + _queries.Displaced;

    /// <summary>Datagrams that went out.</summary>
    public long Sent { get; set; }

    /// <summary>Datagrams that came in.</summary>
    public long Received { get; set; }

    /// <summary>Datagrams that were lost here, either way.</summary>
    public long Dropped { get; set; }

    /// <summary>Sends what hosts have sent, and ends what nobody uses.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (context.Transit.TryTakeDatagram(out Datagram datagram))
        {
            using (datagram)
            {
                if (!TryAnswer(datagram, now))
                    Send(new FlowEnds(datagram.Source, datagram.Destination), datagram.Frame.Octets, now);
            }
        }
        return Instant.Earlier(_flows.Advance(now), _queries.Advance(now));
    }

    /// <summary>The outside has spoken.</summary>
    public void NoteUse(OutwardDatagramFlow flow, Instant now) => TableFor(flow.Ends).NoteUse(flow, now);

    public void Dispose()
    {
        _flows.Dispose();
        _queries.Dispose();
    }

    /// <summary>Answers who asks the gateway for a name of its own network.</summary>
    private bool TryAnswer(in Datagram datagram, Instant now)
    {
        if (!context.Destinations.IsNameServer(datagram.Destination))
            return false;
        Span<byte> answer = stackalloc byte[HostNameAnswers.Capacity];
        int length = context.Names.Answer(datagram.Frame.Octets, answer);
        if (length > 0)
            context.Transit.SendDatagram(answer[..length], datagram.Destination, datagram.Source, now);
        return length > 0;
    }

    private FlowTable<FlowEnds, OutwardDatagramFlow> TableFor(in FlowEnds ends) =>
        ends.Destination.Port == NameServerAddress.Port ? _queries : _flows;

    private void Send(in FlowEnds ends, ReadOnlySpan<byte> payload, Instant now)
    {
        FlowTable<FlowEnds, OutwardDatagramFlow> table = TableFor(ends);
        if (!table.TryUse(ends, now, out OutwardDatagramFlow? flow))
        {
            flow = TryOpen(ends, payload.Length, now);
            if (flow is null)
                return;
            table.Add(ends, flow, now);
        }
        flow.Send(payload, now);
    }

    private OutwardDatagramFlow? TryOpen(in FlowEnds ends, int payloadOctets, Instant now)
    {
        Verdict verdict = context.Destinations.Find(ends.Destination, now, out IpEndpoint outside);
        if (verdict != Verdict.Permitted)
        {
            if (verdict == Verdict.Prohibited)
                context.Denials.Note("UDP", ends.Source.ToString(), ends.Destination.ToString(), now);
            UnreachableReason reason = verdict == Verdict.Prohibited ? UnreachableReason.Prohibited : UnreachableReason.Port;
            context.Transit.Refuse(ends.Source, ends.Destination, payloadOctets, reason, now);
            return null;
        }
        OutwardDatagramFlow flow = new(this, context, ends);
        Errno error = flow.TryBegin(outside, now);
        if (error == Errno.None)
            return flow;
        Dropped++;
        if (Refusals.ReasonFor(error) is { } known)
            context.Transit.Refuse(ends.Source, ends.Destination, payloadOctets, known, now);
        return null;
    }
}

using Pyco.Stack;
using Pyco.Stack.Transit;

namespace Pyco.Network.Gateway;

/// <summary>A host's pings of one address. The kernel puts an identifier of its own into what it sends.</summary>
internal sealed class OutwardEchoFlow(OutwardEchoes owner, GatewayContext context, EchoEnds ends) : Flow(context)
{
    private const int HeaderLength = 8;
    private const byte EchoReply = 0;

    public Errno TryBegin(Instant now)
    {
        Errno error = Context.Sockets.TryConnectEcho(ends.Destination, now, out int descriptor);
        return error == Errno.None ? Take(descriptor) : error;
    }

    /// <summary>Sends a request; the message is lent.</summary>
    public Errno Send(ReadOnlySpan<byte> message) => TrySend(message);

    protected override void OnMessage(Span<byte> message, Instant now)
    {
        if (message.Length < HeaderLength || message[0] != EchoReply)
            return;
        owner.NoteUse(this, now);
        TransitEcho.WriteIdentifier(message, ends.Identifier);
        Context.Transit.SendEchoReply(message, ends.Destination, ends.Source, now);
    }

    /// <summary>A request without an answer says enough.</summary>
    protected override void OnError(Errno error, Instant now)
    {
    }
}

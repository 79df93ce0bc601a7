using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Transit;

namespace Pyco.Network.Gateway;

/// <summary>A host's pings of one address. The kernel puts an identifier of its own into what it sends.</summary>
internal sealed unsafe class OutwardEchoFlow(OutwardEchoes owner, GatewayContext context, EchoEnds ends) : Flow(context)
{
    private const int RepliesPerTurn = 64;
    private const int HeaderLength = 8;
    private const byte EchoReply = 0;

    private bool _mayRead;

    public Errno TryBegin(Instant now)
    {
        Errno error = Context.Sockets.TryConnectEcho(ends.Destination, now, out int descriptor);
        return error != Errno.None ? error : TryTake(descriptor) ? Errno.None : Errno.ENOMEM;
    }

    /// <summary>Sends a request; the message is lent.</summary>
    public Errno Send(ReadOnlySpan<byte> message)
    {
        fixed (byte* start = message)
        {
            return Libc.send(Descriptor, start, (nuint)message.Length, Constants.MsgDontwait | Constants.MsgNosignal) >= 0
                ? Errno.None
                : (Errno)Marshal.GetLastPInvokeError();
        }
    }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= events != 0;
        for (int budget = RepliesPerTurn; _mayRead && IsAttached; budget--)
        {
            if (budget <= 0)
            {
                Context.ContinueNextTurn(this);
                break;
            }
            Receive(now);
        }
        Context.Wake();
    }

    private void Receive(Instant now)
    {
        Span<byte> buffer = Context.Buffer;
        nint length;
        fixed (byte* start = buffer)
            length = Libc.recv(Descriptor, start, (nuint)buffer.Length, Constants.MsgDontwait);
        if (length < 0)
        {
            _mayRead = (Errno)Marshal.GetLastPInvokeError() != Errno.EAGAIN;
            return;
        }
        if (length < HeaderLength || buffer[0] != EchoReply)
            return;
        owner.NoteUse(this, now);
        Span<byte> message = buffer[..(int)length];
        TransitEcho.WriteIdentifier(message, ends.Identifier);
        Context.Transit.SendEchoReply(message, ends.Destination, ends.Source, now);
    }
}

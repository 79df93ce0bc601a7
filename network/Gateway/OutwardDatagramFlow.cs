using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>A UDP flow: a connected socket outside, whose errors become ICMP errors for the host.</summary>
internal sealed unsafe class OutwardDatagramFlow(OutwardDatagrams owner, GatewayContext context, FlowEnds ends) : Flow(context)
{
    /// <summary>What a flow may move before others have their turn.</summary>
    private const int DatagramsPerTurn = 64;

    private bool _mayRead;
    private int _lastOctets;

    public FlowEnds Ends { get; } = ends;

    public Errno TryBegin(IpEndpoint outside, Instant now)
    {
        Errno error = Context.Sockets.TryConnectDatagram(outside, now, out int descriptor);
        return error != Errno.None ? error : TryTake(descriptor) ? Errno.None : Errno.ENOMEM;
    }

    /// <summary>Sends what the host has sent; the payload is lent.</summary>
    public void Send(ReadOnlySpan<byte> payload, Instant now)
    {
        Errno error = TrySend(payload);
        if (Refusals.ReasonFor(error) is not null)
        {
            // That was an earlier datagram's error, which the kernel tells once; or it is this one's, and comes again.
            Refuse(error, now);
            error = TrySend(payload);
        }
        _lastOctets = payload.Length;
        if (error == Errno.None)
            owner.Sent++;
        else
            owner.Dropped++;
    }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= events != 0;
        for (int budget = DatagramsPerTurn; _mayRead && IsAttached; budget--)
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
        nint length;
        fixed (byte* start = Context.Buffer)
            length = Libc.recv(Descriptor, start, (nuint)Context.Buffer.Length, Constants.MsgDontwait);
        if (length < 0)
        {
            var error = (Errno)Marshal.GetLastPInvokeError();
            _mayRead = error != Errno.EAGAIN;
            if (_mayRead)
                Refuse(error, now);
            return;
        }
        owner.NoteUse(this, now);
        if (Context.Transit.SendDatagram(Context.Buffer.AsSpan(0, (int)length), Ends.Destination, Ends.Source, now) == Errno.None)
            owner.Received++;
        else
            owner.Dropped++;
    }

    private Errno TrySend(ReadOnlySpan<byte> payload)
    {
        fixed (byte* start = payload)
        {
            return Libc.send(Descriptor, start, (nuint)payload.Length, Constants.MsgDontwait | Constants.MsgNosignal) >= 0
                ? Errno.None
                : (Errno)Marshal.GetLastPInvokeError();
        }
    }

    private void Refuse(Errno error, Instant now)
    {
        if (Refusals.ReasonFor(error) is { } reason)
            Context.Transit.Refuse(Ends.Source, Ends.Destination, _lastOctets, reason, now);
    }
}

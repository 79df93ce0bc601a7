using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network.Gateway;

/// <summary>What a host and somebody outside say to each other without a connection, which only silence ends.</summary>
internal abstract unsafe class Flow : SocketSource
{
    /// <summary>What a flow may move before others have their turn.</summary>
    private const int MessagesPerTurn = 64;

    private bool _mayRead;

    protected Flow(GatewayContext context)
        : base(context.Loop)
    {
        Context = context;
        Place = new LinkedListNode<Flow>(this);
    }

    public Instant LastUse { get; set; }

    /// <summary>Its place among the flows of its table, the longest idle first.</summary>
    public LinkedListNode<Flow> Place { get; }

    protected GatewayContext Context { get; }

    /// <summary>Closes the socket, if that was not done yet.</summary>
    public void End()
    {
        if (!IsAttached)
            return;
        Close();
        Context.Sockets.NoteClosed();
    }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= events != 0;
        for (int budget = MessagesPerTurn; _mayRead && IsAttached; budget--)
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

    /// <summary>Takes over a descriptor that <see cref="OutsideSockets"/> has made; ENOMEM if the kernel cannot watch one more.</summary>
    protected Errno Take(int descriptor)
    {
        if (TryWatch(descriptor))
            return Errno.None;
        Context.Sockets.NoteClosed();
        return Errno.ENOMEM;
    }

    /// <summary>Sends a message; the octets are lent.</summary>
    protected Errno TrySend(ReadOnlySpan<byte> message)
    {
        fixed (byte* start = message)
        {
            return Libc.send(Descriptor, start, (nuint)message.Length, Constants.MsgDontwait | Constants.MsgNosignal) >= 0
                ? Errno.None
                : (Errno)Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Takes what came from outside; the octets are lent.</summary>
    protected abstract void OnMessage(Span<byte> message, Instant now);

    /// <summary>Something that was sent came to nothing.</summary>
    protected abstract void OnError(Errno error, Instant now);

    private void Receive(Instant now)
    {
        Span<byte> buffer = Context.Buffer;
        nint length;
        fixed (byte* start = buffer)
            length = Libc.recv(Descriptor, start, (nuint)buffer.Length, Constants.MsgDontwait);
        if (length >= 0)
        {
            OnMessage(buffer[..(int)length], now);
            return;
        }
        var error = (Errno)Marshal.GetLastPInvokeError();
        _mayRead = error != Errno.EAGAIN;
        if (_mayRead)
            OnError(error, now);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>A program's socket for UDP or ICMP echo: one message, one datagram, with a header where the peer is not understood.</summary>
internal sealed unsafe class DatagramSocket : ProgramSocket
{
    /// <summary>What one socket may move before the others have their turn.</summary>
    private const int MessagesPerTurn = 2 * IncomingMessages.Capacity;

    /// <summary>More than what can wait in the program's queue and in its ring.</summary>
    private const int MostWaiting = 2 * SendRing.DataOctets / SendRing.Alignment;

    /// <summary>More turns than it takes to read a full ring, so that one that is never empty keeps the queue waiting for a moment only.</summary>
    private const int MostTurnsOfRing = 64;

    private bool _mayRead;
    private int _turnsOfRing;
    private readonly Queue<Datagram> _waiting = new(capacity: 0);
    private Datagram? _held;
    private BusyMeter _busy;
    private Errno _untoldError;
    private SendRingReader? _sendRing;
    private ReceiveRingDelivery? _receiveRing;

    public DatagramSocket(SocketBridge bridge, SocketKey key, MessageSocket messages)
        : base(bridge, key)
    {
        Messages = messages;
        Messages.Owner = this;
    }

    public MessageSocket Messages { get; }

    public override StackSocket Stack => Messages;

    /// <summary>What the program wants to be told of each datagram.</summary>
    public DatagramDescriptions Descriptions { get; set; }

    /// <summary>The first of the host's addresses on the link.</summary>
    public IpAddress FirstAddress => Bridge.FirstAddress;

    public override Errno Bind(IpEndpoint local) => Messages.Bind(local);

    /// <summary>The program's socket has introduced itself.</summary>
    public void Begin(int descriptor, Instant now)
    {
        SocketBuffers.Enlarge(descriptor);
        if (!TryAttach(descriptor))
            Abandon(now);
    }

    /// <summary>SO_ERROR.</summary>
    public Errno TakeError()
    {
        Errno error = _untoldError != Errno.None ? _untoldError : Messages.TakeError();
        _untoldError = Errno.None;
        return error;
    }

    /// <summary>Takes the oldest error of those that the program wants to see one by one, and tells that there are more.</summary>
    public bool TryTakeQueuedError([NotNullWhen(true)] out DatagramError? error)
    {
        if (!Messages.TryTakeError(out error))
            return false;
        _untoldError = Errno.None;
        TellError(Messages.TakeError());
        return true;
    }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        MoveToProgram();
        MoveToStack(now);
        Bridge.Wake();
    }

    /// <summary>There is something in the ring.</summary>
    public void OnSent(Instant now)
    {
        MoveToStack(now);
        Bridge.Wake();
    }

    /// <summary>Takes what the program has sent before it asked for what is about to be done.</summary>
    public void HearSent(Instant now)
    {
        _mayRead = true;
        MoveToStack(now, MostWaiting);
    }

    /// <summary>The ring through which the program may send, made now if it has none.</summary>
    /// <returns>Null if there are enough, or no descriptor or memory for one.</returns>
    public SendRingReader? GetSendRing()
    {
        if (_sendRing is not null || !IsAttached || Bridge.SendRings == SendRing.MostOfHost)
            return _sendRing;
        _sendRing = SendRingReader.TryCreate(this);
        if (_sendRing is null)
            return null;
        Bridge.SendRings++;
        if (Bridge.IsScarce(_sendRing.Descriptor))
        {
            CloseSendRing();
            return null;
        }
        Bridge.Loop.Poll(_sendRing);
        return _sendRing;
    }

    /// <summary>The ring through which the program may receive, made now if it has none; null if there can be none.</summary>
    /// <param name="cookie">The socket's.</param>
    public ReceiveRingWriter? GetReceiveRing(ulong cookie)
    {
        if (_receiveRing is not null || !IsAttached || Bridge.ReceiveRings.TryMake(cookie) is not { } ring)
            return _receiveRing?.Ring;
        if (Bridge.IsScarce(ring.Descriptor))
        {
            Bridge.ReceiveRings.End(this, ring);
            return null;
        }
        _receiveRing = new ReceiveRingDelivery(ring);
        return ring;
    }

    /// <summary>Goes on with a ring that was full, and rings again where a doorbell has been lost.</summary>
    /// <returns>When to call again even if nothing happens, or null.</returns>
    public Instant? AdvanceReceiveRing(Instant now)
    {
        if (_receiveRing is not { } ring)
            return null;
        if (ring.IsRoomDue(now))
            MoveToRing(ring, now);
        if (ring.IsBellDoubtful(now))
        {
            ring.RingAgain();
            RingIfDue(ring);
        }
        return ring.LookAt;
    }

    public override void OnStackEvents(SocketEvents events, Instant now)
    {
        if (events.HasFlag(SocketEvents.Failed))
            TellError(Messages.TakeError());
        MoveToProgram();
        MoveToStack(now);
    }

    public override void Abandon(Instant now)
    {
        CloseDescriptor();
        CloseSendRing();
        if (_receiveRing is { } ring)
            Bridge.ReceiveRings.End(this, ring.Ring);
        _receiveRing = null;
        _held?.Dispose();
        _held = null;
        while (_waiting.TryDequeue(out Datagram datagram))
            datagram.Dispose();
        Messages.Close();
        Bridge.Sockets.Remove(this);
    }

    /// <summary>
    /// Lets go of a socket that its program has closed, after its last datagrams: where its port is wanted before the loop
    /// has told of it.
    /// </summary>
    /// <returns>True if it has gone.</returns>
    public bool EndIfClosed(Instant now)
    {
        PollDescriptor end = new() { Descriptor = Descriptor, Events = 0 };
        if (!IsAttached || Libc.poll(&end, 1, 0) != 1)
            return false; // only a hang-up is told unasked
        HearSent(now);
        return !IsAttached;
    }

    private void MoveToStack(Instant now, int most = MessagesPerTurn)
    {
        if (_sendRing is not null)
            Bridge.Loop.Poll(_sendRing); // the bell, if there was one, has rung
        int budget = most - MoveFromRing(most, now);
        // The ring's turn first, as long as that ends: what is in the queue may have to come behind it.
        if (budget <= 0 && _sendRing is { IsReady: true } && ++_turnsOfRing < MostTurnsOfRing)
            return;
        _turnsOfRing = 0;
        IncomingMessages messages = IncomingMessages.OfThisThread;
        for (bool isFirst = true; _mayRead && IsAttached; isFirst = false)
        {
            if (budget <= 0 && !isFirst)
            {
                Bridge.ContinueNextTurn(this);
                return;
            }
            Errno error = messages.Receive(Descriptor, out int count);
            _mayRead = count == IncomingMessages.Capacity; // an end is as many empty messages as were asked for
            bool isEnd = error is not (Errno.None or Errno.EAGAIN);
            // What these follow may have come into the ring in the last moment.
            budget -= MoveFromRing(MostWaiting, now) + IncomingMessages.Capacity;
            for (int index = 0; index < count && !isEnd; index++)
            {
                isEnd = messages.IsEnd(index);
                if (!isEnd)
                    Send(messages[index], now);
            }
            if (isEnd)
                Abandon(now);
        }
    }

    /// <returns>How many messages were moved.</returns>
    private int MoveFromRing(int most, Instant now)
    {
        int count = 0;
        Span<byte> buffer = Bridge.MessageBuffer.AsSpan(0, SendRing.LongestMessage);
        while (count < most && _sendRing is not null && _sendRing.TryTake(buffer, out int length))
        {
            Send(buffer[..length], now);
            count++;
        }
        return count;
    }

    private void CloseSendRing()
    {
        if (_sendRing is null)
            return;
        Bridge.Loop.Forget(_sendRing);
        _sendRing.Dispose();
        _sendRing = null;
        Bridge.SendRings--;
    }

    private void Send(Span<byte> message, Instant now)
    {
        IpEndpoint? to = null;
        DatagramMarks marks = default;
        if (IsMarked(message))
        {
            DatagramHeader header = MemoryMarshal.Read<DatagramHeader>(message);
            if (header.Error is not (0 or SendSignal.Detour))
            {
                HearSignal(header.Error);
                return;
            }
            if (header.Error == SendSignal.Detour)
                _sendRing?.NoteDetour();
            bool isForConnected = header.Error == SendSignal.Detour && header.Peer.Family == Constants.AfUnspec;
            if (!WireAddresses.TryRead(header.Peer, out IpEndpoint peer) && !isForConnected)
                return;
            to = isForConnected ? null : peer;
            marks = MarksOf(header);
            message = message[sizeof(DatagramHeader)..];
        }
        Errno error = Messages.Send(message, to, marks, now);
        // send() has returned already; only what a connected program would hear of later is told, as an error.
        if (error is not (Errno.None or Errno.EAGAIN or Errno.ENOBUFS))
            TellError(error);
    }

    private static DatagramMarks MarksOf(in DatagramHeader header)
    {
        fixed (byte* source = header.LocalOctets)
        {
            return new()
            {
                Source = header.LocalFamily != Constants.AfUnspec ? IpAddress.Read(new ReadOnlySpan<byte>(source, IpAddress.LengthV6)) : null,
                TimeToLive = header.TimeToLive != 0 ? header.TimeToLive : null,
                TypeOfService = header.Flags.HasFlag(DatagramFlags.SetsTypeOfService) ? header.TypeOfService : null,
            };
        }
    }

    private bool IsMarked(ReadOnlySpan<byte> message) =>
        message.Length >= sizeof(DatagramHeader) && MemoryMarshal.Read<ulong>(message) == Bridge.Credentials.Mark;

    private void HearSignal(int signal)
    {
        if (signal == SendSignal.Bell || _receiveRing is not { } ring)
            return;
        if (signal == SendSignal.StartReceiveRing && !ring.IsStarted)
        {
            ring.IsStarted = true;
            Bridge.ReceiveRings.Watch(this);
        }
        else if (signal == SendSignal.RingMe)
            ring.OnRingMe();
        else if (signal == SendSignal.WakeAnother)
            ring.RingAgain();
        MoveToProgram();
    }

    private void MoveToProgram()
    {
        if (_receiveRing is { IsStarted: true } ring)
        {
            MoveToRing(ring, Bridge.Loop.Now);
            return;
        }
        while (MayWrite && IsAttached)
        {
            if (_untoldError != Errno.None)
            {
                TellError(_untoldError);
                continue;
            }
            OutgoingMessages messages = OutgoingMessages.OfThisThread;
            while (!messages.IsFull && TryTakeNext(out Datagram datagram))
                Add(messages, datagram);
            if (messages.Count == 0)
                return;
            Deliver(messages);
        }
    }

    /// <summary>Fills the ring; what it has no room for stays in the stack, which drops what is too much.</summary>
    private void MoveToRing(ReceiveRingDelivery ring, Instant now)
    {
        if (_untoldError != Errno.None && ring.TryWrite(ErrorHeader(_untoldError), []))
            _untoldError = Errno.None;
        while (_untoldError == Errno.None && TryTakeNext(out Datagram datagram))
        {
            if (!ring.TryWrite(HeaderOf(datagram), datagram.Frame.Octets))
            {
                _held = datagram;
                break;
            }
            datagram.Dispose();
        }
        RingIfDue(ring); // before it is shown, so that who empties the ring finds the doorbell
        ring.Show(now);
        RingIfDue(ring);
        ring.NoteRoom(isFull: _held is not null || _untoldError != Errno.None, now);
    }

    private void RingIfDue(ReceiveRingDelivery ring)
    {
        if (MayWrite && ring.IsBellDue())
            ring.MustRing = !TrySend(ring.NewBell(NewHeader()));
    }

    private bool TryTakeNext(out Datagram datagram)
    {
        if (_held is not { } held)
            return _waiting.TryDequeue(out datagram) || Messages.TryReceive(out datagram);
        _held = null;
        datagram = held;
        return true;
    }

    private void Add(OutgoingMessages messages, in Datagram datagram)
    {
        if (Messages.Remote is not null && Key.Kind != SocketKind.Echo && (Descriptions & DatagramDescriptions.NeedHeader) == 0)
        {
            messages.Add(datagram);
            return;
        }
        messages.Add(datagram, HeaderOf(datagram));
    }

    private DatagramHeader HeaderOf(in Datagram datagram)
    {
        DatagramHeader header = NewHeader();
        if (_receiveRing is null && Messages.Remote is null && _busy.IsBusy && Bridge.ReceiveRings.HasRoom)
            header.Flags = DatagramFlags.OffersRing;
        header.Peer = WireAddresses.Write(datagram.Source, IsV6);
        header.TimeToLive = datagram.TimeToLive;
        header.TypeOfService = datagram.TypeOfService;
        header.LocalFamily = (byte)(IsV6 ? Constants.AfInet6 : Constants.AfInet);
        datagram.Destination.Address.WriteV6(new Span<byte>(header.LocalOctets, IpAddress.LengthV6));
        return header;
    }

    /// <summary>What the program's queue does not take waits; a program that has gone counts as served.</summary>
    private void Deliver(OutgoingMessages messages)
    {
        int sent = messages.Send(Descriptor);
        if (sent < 0 && Marshal.GetLastPInvokeError() != (int)Errno.EAGAIN)
        {
            messages.Drop(first: 0);
            return;
        }
        if (sent < 0)
            AwaitRoom();
        else
            _busy.Note(sent, Bridge.Loop.Now);
        messages.TakeBack(Math.Max(sent, 0), _waiting);
    }

    /// <summary>Sends the error, or keeps it for when there is room: the newest is the one that counts, as for SO_ERROR.</summary>
    private void TellError(Errno error)
    {
        if (error == Errno.None || !IsAttached)
            return;
        if (_receiveRing is { IsStarted: true } ring)
        {
            _untoldError = error;
            MoveToRing(ring, Bridge.Loop.Now);
            return;
        }
        _untoldError = TrySend(ErrorHeader(error)) ? Errno.None : error;
    }

    private DatagramHeader ErrorHeader(Errno error)
    {
        DatagramHeader header = NewHeader();
        header.Error = (int)error;
        return header;
    }

    private DatagramHeader NewHeader()
    {
        DatagramHeader header = default;
        Unsafe.WriteUnaligned(header.Mark, Bridge.Credentials.Mark);
        return header;
    }

    /// <summary>False if the program's queue is full; a program that has gone counts as told.</summary>
    private bool TrySend(in DatagramHeader header)
    {
        fixed (DatagramHeader* octets = &header)
        {
            nint sent = Libc.send(
                Descriptor, octets, (nuint)sizeof(DatagramHeader), Constants.MsgDontwait | Constants.MsgNosignal);
            if (sent >= 0 || Marshal.GetLastPInvokeError() != (int)Errno.EAGAIN)
                return true;
        }
        AwaitRoom();
        return false;
    }
}

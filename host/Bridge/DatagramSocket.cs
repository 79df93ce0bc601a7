using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>A program's UDP socket: one message, one datagram, with a header where the peer is not understood.</summary>
internal sealed unsafe class DatagramSocket : ProgramSocket
{
    /// <summary>What one socket may move before the others have their turn.</summary>
    private const int MessagesPerTurn = 256;

    private bool _mayRead;
    private Datagram? _waiting;
    private Errno _untoldError;

    public DatagramSocket(SocketBridge bridge, SocketKey key, UdpSocket udp)
        : base(bridge, key)
    {
        Udp = udp;
        Udp.Owner = this;
    }

    public UdpSocket Udp { get; }

    public override StackSocket Stack => Udp;

    public override Errno Bind(IpEndpoint local) => Udp.Bind(local);

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
        Errno error = _untoldError != Errno.None ? _untoldError : Udp.TakeError();
        _untoldError = Errno.None;
        return error;
    }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        MoveToProgram();
        MoveToStack(now);
        Bridge.Wake();
    }

    public override void OnStackEvents(SocketEvents events, Instant now)
    {
        if (events.HasFlag(SocketEvents.Failed))
            TellError(Udp.TakeError());
        MoveToProgram();
        MoveToStack(now);
    }

    public override void Abandon(Instant now)
    {
        CloseDescriptor();
        _waiting?.Dispose();
        _waiting = null;
        Udp.Close();
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
        _mayRead = true;
        MoveToStack(now);
        return !IsAttached;
    }

    private void MoveToStack(Instant now)
    {
        Span<byte> buffer = Bridge.MessageBuffer;
        for (int budget = MessagesPerTurn; _mayRead && IsAttached; budget--)
        {
            if (budget <= 0)
            {
                Bridge.ContinueNextTurn(this);
                return;
            }
            if (!TryReceive(buffer, out int length, out bool isEnd))
            {
                if (isEnd)
                    Abandon(now);
                return;
            }
            Send(buffer[..length], now);
        }
    }

    /// <summary>An empty message and the end both read as 0: only a message has a sender's name.</summary>
    private bool TryReceive(Span<byte> buffer, out int length, out bool isEnd)
    {
        nint result;
        byte* name = stackalloc byte[UnixAddress.Capacity];
        MessageHeader message = new() { Name = name, NameLength = UnixAddress.Capacity, VectorCount = 1 };
        do
        {
            fixed (byte* start = buffer)
            {
                IoVector vector = new() { Base = start, Length = (nuint)buffer.Length };
                message.Vectors = &vector;
                message.NameLength = UnixAddress.Capacity;
                result = Libc.recvmsg(Descriptor, &message, Constants.MsgDontwait);
            }
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        length = (int)Math.Max(0, result);
        bool isNothing = result < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EAGAIN;
        _mayRead &= !isNothing;
        isEnd = !isNothing && (result < 0 || (result == 0 && message.NameLength == 0));
        return result >= 0 && !isEnd;
    }

    private void Send(Span<byte> message, Instant now)
    {
        IpEndpoint? to = null;
        if (IsMarked(message))
        {
            DatagramHeader header = MemoryMarshal.Read<DatagramHeader>(message);
            if (!WireAddresses.TryRead(header.Peer, out IpEndpoint peer))
                return;
            to = peer;
            message = message[sizeof(DatagramHeader)..];
        }
        Errno error = Udp.Send(message, to, now);
        // send() has returned already; only what a connected program would hear of later is told, as an error.
        if (error is not (Errno.None or Errno.EAGAIN or Errno.ENOBUFS))
            TellError(error);
    }

    private bool IsMarked(ReadOnlySpan<byte> message) =>
        message.Length >= sizeof(DatagramHeader) && MemoryMarshal.Read<ulong>(message) == Bridge.Credentials.Mark;

    private void MoveToProgram()
    {
        while (MayWrite && IsAttached)
        {
            if (_untoldError != Errno.None)
            {
                TellError(_untoldError);
                continue;
            }
            Datagram datagram;
            if (_waiting is { } waiting)
                datagram = waiting;
            else if (!Udp.TryReceive(out datagram))
                return;
            _waiting = datagram;
            if (!TryDeliver(datagram))
                return;
            datagram.Dispose();
            _waiting = null;
        }
    }

    private bool TryDeliver(in Datagram datagram)
    {
        if (Udp.Remote is not null)
            return TrySend(default, datagram.Frame.Octets);
        DatagramHeader header = NewHeader();
        header.Peer = WireAddresses.Write(datagram.Source, IsV6);
        header.LocalFamily = (ushort)(IsV6 ? Constants.AfInet6 : Constants.AfInet);
        datagram.Destination.Address.WriteV6(new Span<byte>(header.LocalOctets, IpAddress.LengthV6));
        return TrySend(new ReadOnlySpan<byte>(&header, sizeof(DatagramHeader)), datagram.Frame.Octets);
    }

    /// <summary>Sends the error, or keeps it for when there is room: the newest is the one that counts, as for SO_ERROR.</summary>
    private void TellError(Errno error)
    {
        if (error == Errno.None || !IsAttached)
            return;
        DatagramHeader header = NewHeader();
        header.Error = (int)error;
        _untoldError = TrySend(new ReadOnlySpan<byte>(&header, sizeof(DatagramHeader)), default) ? Errno.None : error;
    }

    private DatagramHeader NewHeader()
    {
        DatagramHeader header = default;
        Unsafe.WriteUnaligned(header.Mark, Bridge.Credentials.Mark);
        return header;
    }

    /// <summary>False if the program's queue is full; a program that has gone counts as served.</summary>
    private bool TrySend(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        fixed (byte* first = header, second = payload)
        {
            IoVector* vectors = stackalloc IoVector[2];
            vectors[0] = new IoVector { Base = first, Length = (nuint)header.Length };
            vectors[1] = new IoVector { Base = second, Length = (nuint)payload.Length };
            MessageHeader message = new() { Vectors = vectors, VectorCount = 2 };
            nint sent = Libc.sendmsg(Descriptor, &message, Constants.MsgDontwait | Constants.MsgNosignal);
            if (sent >= 0 || Marshal.GetLastPInvokeError() != (int)Errno.EAGAIN)
                return true;
        }
        AwaitRoom();
        return false;
    }
}

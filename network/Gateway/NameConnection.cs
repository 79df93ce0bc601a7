using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>
/// A host's connection with the gateway's name server. Queries for the network's own names are answered here; the others
/// go to the name server outside, by one connection that begins with the first of them. Each message has its length in
/// front (RFC 1035 §4.2.2), and answers may come in any order (RFC 7766 §6.2.1.1).
/// </summary>
internal sealed unsafe class NameConnection : SocketSource, IStackSocketOwner
{
    /// <summary>What may wait for a side that does not read: two of the longest messages.</summary>
    private const int Capacity = 2 * (ushort.MaxValue + LengthOctets);

    private const int LengthOctets = 2;

    /// <summary>How often to move something before others have their turn.</summary>
    private const int StepsPerTurn = 64;

    private readonly NameConnections _owner;
    private readonly GatewayContext _context;
    private readonly TcpSocket _inside;
    private readonly OctetQueue _queries = new();
    private readonly OctetQueue _answers = new();
    private readonly OctetQueue _toInside = new();
    private readonly OctetQueue _toOutside = new();
    private bool _isConnected;
    private bool _mayRead;
    private bool _insideFinished;
    private bool _outsideFinished;
    private bool _hasToldEnd;
    private bool _isOver;

    public NameConnection(NameConnections owner, GatewayContext context, TcpSocket inside)
        : base(context.Loop)
    {
        (_owner, _context, _inside) = (owner, context, inside);
        Place = new LinkedListNode<NameConnection>(this);
        inside.Owner = this;
        inside.NoDelay = true;
        inside.KeepAlive = true; // a host may vanish without a word
    }

    /// <summary>Its place among the connections, the longest idle first.</summary>
    public LinkedListNode<NameConnection> Place { get; }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        if (_isOver)
            return;
        _insideFinished |= events.HasFlag(SocketEvents.PeerFinished);
        if (events.HasFlag(SocketEvents.Failed))
        {
            End(now);
            return;
        }
        _owner.NoteUse(this);
        Move(now);
    }

    /// <summary>The name server outside has answered, or takes more.</summary>
    public override void OnEvents(uint events, Instant now)
    {
        NoteRoom(events);
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        if (!_isConnected && (events & (Constants.EpollOut | Constants.EpollErr | Constants.EpollHup)) != 0)
        {
            _isConnected = OutsideSockets.TakeError(Descriptor) == Errno.None;
            if (!_isConnected)
                End(now);
        }
        if (!_isOver)
            Move(now);
        _context.Wake();
    }

    /// <summary>Ends both sides at once.</summary>
    public void End(Instant now)
    {
        Release();
        _inside.Abort(now);
        NoteOver();
    }

    private void Move(Instant now)
    {
        int steps = 0;
        while (ReadInside(now) | Sort(now) | WriteOutside(now) | ReadOutside(now) | WriteInside(now))
        {
            if (_isOver)
                return;
            if (++steps >= StepsPerTurn && IsAttached)
            {
                _context.ContinueNextTurn(this);
                return;
            }
        }
        if (!_isOver)
            FinishWhatIsDone(now);
    }

    private bool ReadInside(Instant now)
    {
        if (_queries.Length + _toOutside.Length + _toInside.Length >= Capacity)
            return false;
        ReadOnlyMemory<byte> piece = default;
        if (_isOver || _inside.PeekReceived(new Span<ReadOnlyMemory<byte>>(ref piece)) == 0)
            return false;
        _queries.Append(piece.Span);
        _inside.Consume(piece.Length, now);
        return true;
    }

    /// <summary>Answers the next query, or lets it go outside.</summary>
    private bool Sort(Instant now)
    {
        if (_isOver || !TryPeek(_queries, out ReadOnlySpan<byte> query))
            return false;
        Span<byte> answer = stackalloc byte[LengthOctets + HostNameAnswers.Capacity];
        int length = _context.Names.Answer(query[LengthOctets..], answer[LengthOctets..]);
        if (length > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(answer, (ushort)length);
            _toInside.Append(answer[..(LengthOctets + length)]);
        }
        else
        {
            _toOutside.Append(query);
        }
        _queries.Consume(query.Length);
        if (_toOutside.Length > 0 && !IsAttached && !_outsideFinished && !TryConnect(now))
            End(now);
        return true;
    }

    private bool TryConnect(Instant now)
    {
        if (_context.Destinations.Find(_inside.Local, now, out IpEndpoint server) != Verdict.Permitted ||
            _context.Sockets.TryConnectStream(server, now, out int descriptor) != Errno.None)
            return false;
        if (!TryWatch(descriptor))
        {
            _context.Sockets.NoteClosed();
            return false;
        }
        AwaitRoom(); // which there is when the connection is
        return true;
    }

    private bool WriteOutside(Instant now)
    {
        if (!_isConnected || !IsAttached || !MayWrite || _toOutside.Length == 0)
            return false;
        nint sent;
        fixed (byte* start = _toOutside.Octets)
            sent = Libc.send(Descriptor, start, (nuint)_toOutside.Length, Constants.MsgDontwait | Constants.MsgNosignal);
        if (sent < 0)
            return OnError(isReading: false, now);
        _toOutside.Consume((int)sent);
        return true;
    }

    private bool ReadOutside(Instant now)
    {
        if (!_isConnected || !IsAttached || !_mayRead || _toInside.Length >= Capacity)
            return false;
        Span<byte> buffer = _context.Buffer;
        nint length;
        fixed (byte* start = buffer)
            length = Libc.recv(Descriptor, start, (nuint)buffer.Length, Constants.MsgDontwait);
        if (length < 0)
            return OnError(isReading: true, now);
        if (length == 0)
        {
            _outsideFinished = true;
            Release();
            return false;
        }
        _answers.Append(buffer[..(int)length]);
        while (TryPeek(_answers, out ReadOnlySpan<byte> answer))
        {
            _toInside.Append(answer);
            _answers.Consume(answer.Length);
        }
        return true;
    }

    private bool WriteInside(Instant now)
    {
        if (_isOver || _toInside.Length == 0)
            return false;
        Span<byte> free = _inside.GetSendSpan();
        int length = Math.Min(free.Length, _toInside.Length);
        _toInside.Octets[..length].CopyTo(free);
        _inside.CommitSend(length, now);
        _toInside.Consume(length);
        return length > 0;
    }

    /// <summary>True if the system call is to be made again.</summary>
    private bool OnError(bool isReading, Instant now)
    {
        switch ((Errno)Marshal.GetLastPInvokeError())
        {
            case Errno.EINTR:
                return true;
            case Errno.EAGAIN when isReading:
                _mayRead = false;
                return false;
            case Errno.EAGAIN:
                AwaitRoom();
                return false;
            default:
                End(now);
                return false;
        }
    }

    private void FinishWhatIsDone(Instant now)
    {
        bool isAllAsked = _insideFinished && _inside.ReceivedOctets == 0;
        if (isAllAsked && _isConnected && IsAttached && _toOutside.Length == 0 && !_hasToldEnd)
        {
            _hasToldEnd = true;
            _ = Libc.shutdown(Descriptor, Constants.ShutWr);
        }
        if (_toInside.Length > 0 || !(_outsideFinished || (isAllAsked && !IsAttached)))
            return;
        Release();
        _inside.Close(now);
        NoteOver();
    }

    private static bool TryPeek(OctetQueue queue, out ReadOnlySpan<byte> message)
    {
        message = queue.Octets;
        if (message.Length < LengthOctets)
            return false;
        int length = LengthOctets + BinaryPrimitives.ReadUInt16BigEndian(message);
        if (message.Length < length)
            return false;
        message = message[..length];
        return true;
    }

    private void NoteOver()
    {
        _isOver = true;
        _owner.Remove(this);
    }

    private void Release()
    {
        if (!IsAttached)
            return;
        Close();
        _context.Sockets.NoteClosed();
    }
}

using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim.Resolver;

/// <summary>What has become of a question for a name or an address.</summary>
internal enum Lookup
{
    Found,

    /// <summary>There is no such name, or nobody to ask.</summary>
    NoName,

    /// <summary>The name exists, without an address of the wanted family.</summary>
    NoData,

    /// <summary>Nobody has answered, or not with what the name has.</summary>
    TryAgain,
}

/// <summary>A question and its answer.</summary>
internal unsafe struct DnsExchange
{
    public const int AnswerCapacity = ushort.MaxValue;

    public int QueryLength;
    public int AnswerLength;

    /// <summary>With room for its length before it, as TCP wants it.</summary>
    public fixed byte LengthAndQuery[2 + DnsMessage.QueryCapacity];

    public fixed byte Answer[AnswerCapacity];
}

/// <summary>
/// Asks the name servers that the host names, over the host's own stack, as libc's resolver does: by UDP from a new port each
/// time (RFC 5452), by TCP if the answer does not fit (RFC 7766), each server twice.
/// </summary>
internal static unsafe class DnsClient
{
    /// <summary>As resolv.conf(5) has them: RES_TIMEOUT, RES_DFLRETRY, MAXNS.</summary>
    private const int TimeoutMilliseconds = 5000;

    private const int Attempts = 2;
    private const int MostServers = 3;

    /// <summary>Asks until somebody has answered with an error or not.</summary>
    /// <param name="exchange">Gets the question and the answer.</param>
    /// <param name="name">As messages carry it.</param>
    /// <param name="nameLength">Its length.</param>
    /// <param name="type">Which of its records.</param>
    /// <returns>Found with an answer, which may have no records; NoName; TryAgain.</returns>
    internal static Lookup Ask(DnsExchange* exchange, byte* name, int nameLength, ushort type)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            for (int number = 0; number < MostServers; number++)
            {
                WireAddress server;
                Errno error = GetServer(number, &server);
                if (error == Errno.ENOENT && number == 0)
                    return Lookup.NoName;
                if (error != Errno.None)
                    break;
                Prepare(exchange, name, nameLength, type);
                Lookup answer = AskServer(exchange, &server);
                if (answer != Lookup.TryAgain)
                    return answer;
            }
        }

        return Lookup.TryAgain;
    }

    private static Errno GetServer(int number, WireAddress* server)
    {
        Reply reply;
        Errno error = HostRequest.Ask(HostRequest.NoSocket, Operation.GetNameServer, number, &reply);
        *server = reply.Address;
        return error;
    }

    private static void Prepare(DnsExchange* exchange, byte* name, int nameLength, ushort type)
    {
        ushort id;
        Kernel.FillRandom(&id, sizeof(ushort));
        int length = DnsMessage.WriteQuery(exchange->LengthAndQuery + 2, id, name, nameLength, type);
        exchange->LengthAndQuery[0] = (byte)(length >> 8);
        exchange->LengthAndQuery[1] = (byte)length;
        exchange->QueryLength = length;
    }

    private static Lookup AskServer(DnsExchange* exchange, WireAddress* server)
    {
        const int nameError = 3;
        if (!TryDatagram(exchange, server) ||
            (DnsMessage.IsTruncated(exchange->Answer) && !TryStream(exchange, server)))
            return Lookup.TryAgain;
        return DnsMessage.ResponseCode(exchange->Answer) switch
        {
            0 => Lookup.Found,
            nameError => Lookup.NoName,
            _ => Lookup.TryAgain, // it cannot or does not want to: another one may
        };
    }

    private static bool TryDatagram(DnsExchange* exchange, WireAddress* server)
    {
        int fd = Socket.Open(SocketState.Datagram, SockCloexec | SockNonblock);
        if (fd < 0)
            return false;
        // Connected: the stack takes datagrams from the server only, and tells that nobody listens there.
        Request request = default;
        request.Operation = Operation.ConnectDatagram;
        request.Address = *server;
        Reply reply;
        bool isAnswered = HostRequest.Ask(fd, &request, &reply) == Errno.None &&
            Send(fd, exchange->LengthAndQuery + 2, exchange->QueryLength) && ReceiveDatagram(fd, exchange);
        _ = Kernel.Close(fd);
        return isAnswered;
    }

    private static bool ReceiveDatagram(int fd, DnsExchange* exchange)
    {
        long end = Kernel.Milliseconds() + TimeoutMilliseconds;
        while (Await(fd, PollIn, end))
        {
            nint length = Kernel.Receive(fd, exchange->Answer, DnsExchange.AnswerCapacity, MsgDontwait);
            if (length <= 0 && length != -(int)Errno.EAGAIN)
                return false;
            if (length >= sizeof(DatagramHeader) && StackHost.HasMark(exchange->Answer))
            {
                if (((DatagramHeader*)exchange->Answer)->Error != 0)
                    return false;
                continue; // somebody's, from before the socket was connected
            }

            if (IsAnswer(exchange, (int)length))
                return true;
        }

        return false;
    }

    private static bool TryStream(DnsExchange* exchange, WireAddress* server)
    {
        int fd = Socket.Open(SocketState.None, SockCloexec | SockNonblock);
        if (fd < 0)
            return false;
        bool isAnswered = TryStream(fd, exchange, server, Kernel.Milliseconds() + (2 * TimeoutMilliseconds));
        _ = Kernel.Close(fd);
        return isAnswered;
    }

    private static bool TryStream(int fd, DnsExchange* exchange, WireAddress* server, long end)
    {
        Request request = default;
        request.Operation = Operation.Connect;
        request.Address = *server;
        SocketState state = SocketState.None;
        if (HostRequest.ConnectToHost(fd, datagrams: false) != Errno.None ||
            Filler.SendRequest(fd, &request, SendBuffer.Shrink(fd, ref state)) != Errno.None || !Await(fd, PollOut, end) ||
            !Send(fd, exchange->LengthAndQuery, 2 + exchange->QueryLength))
            return false;
        byte* lengthOctets = stackalloc byte[2];
        if (!ReceiveAll(fd, lengthOctets, 2, end))
            return false;
        int length = DnsMessage.ReadNumber(lengthOctets);
        return ReceiveAll(fd, exchange->Answer, length, end) && IsAnswer(exchange, length);
    }

    private static bool IsAnswer(DnsExchange* exchange, int length)
    {
        exchange->AnswerLength = length;
        return DnsMessage.IsAnswer(exchange->Answer, length, exchange->LengthAndQuery + 2, exchange->QueryLength);
    }

    private static bool ReceiveAll(int fd, byte* octets, int count, long end)
    {
        int received = 0;
        while (received < count && Await(fd, PollIn, end))
        {
            nint length = Kernel.Receive(fd, octets + received, (nuint)(count - received), MsgDontwait);
            if (length == 0 || (length < 0 && length != -(int)Errno.EAGAIN))
                return false;
            if (length > 0)
                received += (int)length;
        }

        return received == count;
    }

    private static bool Send(int fd, byte* octets, int length)
    {
        IoVector vector = new() { Base = octets, Length = (nuint)length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        return Kernel.SendMessage(fd, &message, MsgNosignal) == length;
    }

    /// <summary>False when the time is over, or when the connection is.</summary>
    private static bool Await(int fd, short events, long end)
    {
        long left;
        while ((left = end - Kernel.Milliseconds()) > 0)
        {
            int ready = Kernel.Poll(fd, events, (int)left);
            if (ready > 0)
                return (ready & events) != 0 && (events != PollOut || (ready & (PollErr | PollHup)) == 0);
            if (ready < 0 && ready != -(int)Errno.EINTR)
                return false;
        }

        return false;
    }
}

using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// recvmsg(2) with MSG_ERRQUEUE on a UDP socket with IP_RECVERR: what became of datagrams that did not arrive (ip(7)). The host
/// keeps the errors. In the socket's own queue stands one header with an error as long as some wait there, so that the
/// socket is readable: POLLERR, which Linux shows, AF_UNIX cannot be brought to.
/// </summary>
internal static unsafe class DatagramErrors
{
    internal static nint Receive(
        int fd, SocketState state, byte* buffer, nuint length, byte* address, uint* addressLength)
    {
        IoVector vector = new() { Base = buffer, Length = length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Name = address };
        if (address != null)
            message.NameLength = *addressLength;
        nint result = Receive(fd, state, &message);
        if (result >= 0 && address != null)
            *addressLength = message.NameLength;
        return result;
    }

    internal static nint Receive(int fd, SocketState state, MessageHeader* message)
    {
        const SocketState queues = SocketState.Datagram | SocketState.ReceivesErrors;
        if ((state & queues) != queues)
            return LibcError.Answer(Errno.EAGAIN);
        // The host puts another one there if this was not the last error.
        while (HasSign(fd, MsgPeek))
            _ = HasSign(fd, 0);
        ReceiveRings.TakeErrors(fd, state);
        Reply reply;
        Errno error = HostRequest.Ask(fd, Operation.TakeDatagramError, 0, &reply);
        if (error != Errno.None)
            return LibcError.Answer(error);
        var description = (DatagramErrorDescription*)reply.Option;
        if (description->PayloadLength > DatagramErrorDescription.PayloadCapacity)
            return LibcError.Answer(Errno.EAGAIN);
        nuint payload = (nuint)description->PayloadLength;
        nuint copied = IoVectors.CopyIn(message->Vectors, (int)message->VectorCount, description->Payload, payload);
        message->Flags = copied < payload ? MsgErrQueue | MsgTrunc : MsgErrQueue;
        if (message->Name != null)
            SocketAddress.Write(&reply.Address, state, message->Name, &message->NameLength);
        Describe(state, &reply, message);
        return (nint)copied;
    }

    /// <summary>A datagram was refused with EMSGSIZE before the host has seen it.</summary>
    internal static void Add(int fd, SocketState state, WireAddress* destination, uint mtu)
    {
        Request request = default;
        request.Operation = Operation.AddDatagramError;
        request.Address = *destination;
        if ((state & SocketState.Connecting) == 0)
            request.Address.Port = 0; // Linux tells the connected peer's (ip_local_error, 6.1)
        request.OptionLength = (ushort)sizeof(DatagramErrorDescription);
        var description = (DatagramErrorDescription*)request.Option;
        description->Error = (int)Errno.EMSGSIZE;
        description->Mtu = mtu;
        Reply reply;
        _ = HostRequest.Ask(fd, &request, &reply);
    }

    /// <summary>Whether the next message only says that there is an error.</summary>
    private static bool HasSign(int fd, int flags)
    {
        DatagramHeader header;
        return Kernel.Receive(fd, &header, (nuint)sizeof(DatagramHeader), flags | MsgDontwait) == sizeof(DatagramHeader) &&
            StackHost.HasMark(header.Mark) && header.Error > 0;
    }

    /// <summary>
    /// What the socket asks of each datagram, of ICMP's message; then struct sock_extended_err, and behind it the address of who has
    /// told of the error.
    /// </summary>
    private static void Describe(SocketState state, Reply* reply, MessageHeader* message)
    {
        var description = (DatagramErrorDescription*)reply->Option;
        nuint room = message->ControlLength;
        nuint used = 0;
        if (description->Offender.Family != AfUnspec)
            used = DescribeMessage(state, reply, message);
        message->ControlLength = room;
        bool v6 = (state & SocketState.V6) != 0;
        ExtendedError error = default;
        error.Error = (uint)description->Error;
        error.Origin = description->Origin;
        error.Type = description->Type;
        error.Code = description->Code;
        error.Information = description->Mtu;
        if (description->Offender.Family != AfUnspec)
            SocketAddress.ToInternet(&description->Offender, v6, &error.Offender);
        int length = ExtendedError.FixedLength + (v6 ? InternetAddress.LengthV6 : InternetAddress.LengthV4);
        DatagramControl.Append(
            v6 ? IpProtoIpv6 : IpProtoIp, v6 ? Ipv6RecvErr : IpRecvErr, (byte*)&error, length, message, room, ref used);
        message->ControlLength = used;
    }

    /// <summary>Its source is the offender.</summary>
    /// <returns>The octets that this takes.</returns>
    private static nuint DescribeMessage(SocketState state, Reply* reply, MessageHeader* message)
    {
        var description = (DatagramErrorDescription*)reply->Option;
        DatagramHeader header = default;
        header.Peer = description->Offender;
        header.TimeToLive = description->TimeToLive;
        header.TypeOfService = description->TypeOfService;
        header.LocalFamily = AfInet;
        SocketAddress.WriteMapped(header.LocalOctets, (uint)reply->Argument);
        DatagramControl.Write(state, &header, message, used: 0, isError: true);
        return message->ControlLength;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ExtendedError
    {
        public const int FixedLength = 16;

        public uint Error;
        public byte Origin;
        public byte Type;
        public byte Code;
        public byte Padding;
        public uint Information;
        public uint Data;
        public InternetAddress Offender;
    }
}

using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// Datagrams of a UDP socket, with a <see cref="DatagramHeader"/> before the payload unless they are simply from or to the
/// connected peer; messages of a socket for ICMP echo always come with one.
/// </summary>
internal static unsafe class Datagrams
{
    /// <summary>The largest UDP payload over IPv4 (RFC 768, RFC 791).</summary>
    private const int MaxPayload = 65507;

    /// <summary>The largest ICMP message, its header included.</summary>
    private const int MaxEcho = 65515;

    /// <summary>More pieces than this are not filled, so that the array fits into a small frame.</summary>
    private const int MaxVectors = 63;

    internal static nint Receive(
        int fd, SocketState state, byte* buffer, nuint length, int flags, byte* address, uint* addressLength)
    {
        IoVector vector = new() { Base = buffer, Length = length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Name = address };
        if (address != null)
            message.NameLength = *addressLength;
        nint result = Receive(fd, state, &message, flags);
        if (result >= 0 && address != null)
            *addressLength = message.NameLength;
        return result;
    }

    /// <summary>recvmsg(2).</summary>
    internal static nint Receive(int fd, SocketState state, MessageHeader* message, int flags)
    {
        Descriptor.NoteDatagram();
        Next.TestCancel();
        if (message->VectorCount > IoVectors.MostPieces)
            return LibcError.Answer(Errno.EMSGSIZE);
        flags &= ~MsgOob; // UDP has nothing urgent, and does not mind
        return (state & SocketState.ReceiveRingNumber) != 0
            ? ReceiveRings.Receive(fd, state, message, flags)
            : ReceivePlain(fd, state, message, flags);
    }

    /// <summary>recvmsg(2) from the kernel socket's queue; a doorbell there leads to the ring.</summary>
    internal static nint ReceivePlain(int fd, SocketState state, MessageHeader* message, int flags)
    {
        bool isBare = (state & SocketState.Connecting) != 0 && (state & SocketState.Descriptions) == 0;
        int count = (int)(message->VectorCount < MaxVectors ? message->VectorCount : MaxVectors);
        DatagramHeader header;
        UnixAddress host;
        IoVector* vectors = stackalloc IoVector[MaxVectors + 1];

        // A header goes before the caller's buffers where one is expected; else the room for an unexpected one (an
        // error, a datagram from before the connect) is behind them, and no payload that would fit is lost.
        IoVector* room = isBare ? vectors + count : vectors;
        IoVector* own = isBare ? vectors : vectors + 1;
        room->Base = (byte*)&header;
        room->Length = (nuint)sizeof(DatagramHeader);
        for (int i = 0; i < count; i++)
            own[i] = message->Vectors[i];
        MessageHeader inner = new()
        {
            Name = (byte*)&host,
            NameLength = (uint)sizeof(UnixAddress),
            Vectors = vectors,
            VectorCount = (nuint)(count + 1),
            Control = message->Control,
            ControlLength = message->ControlLength,
        };
        Errno early = BusyPolling.Begin(fd, flags, out BusyPolling.Wait wait);
        if (early != Errno.None)
            return BusyPolling.Answer(early, message);
        nint received = Next.ReceiveMessage(fd, &inner, flags);
        wait.End();
        if (received < 0)
            return AnswerFailure(fd, flags);

        // The host's end has a name, so a message has a sender, however empty it is, and the end of file has none.
        if (received == 0 && inner.NameLength == 0)
            return AfterEnd(fd, message, flags);

        nuint capacity = IoVectors.Capacity(own, count);
        nuint inBuffers = (nuint)received < capacity + room->Length ? (nuint)received : capacity + room->Length;
        nuint payload = (nuint)received;
        bool hasHeader = received >= sizeof(DatagramHeader);
        if (hasHeader && isBare)
        {
            DatagramHeader first;
            IoVectors.CopyOut(vectors, (byte*)&first, (nuint)sizeof(DatagramHeader));
            hasHeader = StackHost.HasMark(first.Mark);
            if (hasHeader)
            {
                IoVectors.MoveToFront(vectors, (nuint)sizeof(DatagramHeader), inBuffers - (nuint)sizeof(DatagramHeader));
                header = first;
            }
        }
        else if (hasHeader)
        {
            hasHeader = StackHost.HasMark(header.Mark);
        }

        if (hasHeader)
            payload -= (nuint)sizeof(DatagramHeader);
        else if (!isBare)
            IoVectors.MoveToBack(vectors, count + 1, (nuint)sizeof(DatagramHeader), inBuffers);
        if (hasHeader && header.Error == ReceiveSignal.Bell)
            return ReceiveRings.AnswerBell(fd, state, message, flags);
        if (hasHeader && header.Error > 0)
            return LibcError.Answer((Errno)header.Error);
        bool hasKernelControl = inner.Control != null && inner.ControlLength != 0; // a time stamp, which no ring could give
        if (hasHeader && (header.Flags & DatagramFlags.OffersRing) != 0 && !hasKernelControl)
            ReceiveRings.Start(fd, state);
        message->Flags = inner.Flags; // MSG_TRUNC if the kernel cut the payload
        if (payload > capacity)
            message->Flags |= MsgTrunc; // it reached into the room for a header
        if (!hasHeader)
            DescribePeer(fd, state, &header);
        GiveAddress(state, &header, message);
        DatagramControl.Write(state, &header, message, used: inner.Control == null ? 0 : inner.ControlLength);
        return payload > capacity && (flags & MsgTrunc) == 0 ? (nint)capacity : (nint)payload;
    }

    /// <summary>What recvmsg(2) has left in errno, or ENETDOWN where it says that the host has gone.</summary>
    internal static nint AnswerFailure(int fd, int flags) => *LibcError.Location() is (int)Errno.ECONNRESET or (int)Errno.ENOTCONN
        ? AnswerDown(fd, flags)
        : -1;

    private static nint AnswerDown(int fd, int flags)
    {
        // ping asks without waiting, says what it was told, and asks again.
        bool waits = (flags & MsgDontwait) == 0 && !Descriptor.IsNonBlocking(fd);
        if (waits || (Descriptor.IsOurs(fd, out SocketState state) && Descriptor.IsEcho(state)))
            StackHost.WaitBeforeTelling();
        return LibcError.Answer(Errno.ENETDOWN);
    }

    /// <summary>Nothing comes any more: the host has gone, or the program has shut its reading side, which ends a wait with 0.</summary>
    internal static nint AfterEnd(int fd, MessageHeader* message, int flags)
    {
        if ((Kernel.PollNow(fd, PollIn) & PollHup) != 0)
            return AnswerDown(fd, flags);
        if ((flags & MsgDontwait) != 0 || Descriptor.IsNonBlocking(fd))
            return LibcError.Answer(Errno.EAGAIN);
        message->TellNothing();
        return 0;
    }

    /// <summary>What the header of a bare datagram would say: it is from the connected peer.</summary>
    private static void DescribePeer(int fd, SocketState state, DatagramHeader* header)
    {
        *header = default;
        WireAddress peer;
        if (DatagramPeer.Get(fd, state, &peer) == Errno.None)
            header->Peer = peer;
    }

    internal static void GiveAddress(SocketState state, DatagramHeader* header, MessageHeader* message)
    {
        if (message->Name != null)
            SocketAddress.Write(&header->Peer, state, message->Name, &message->NameLength);
    }

    /// <summary>read() gave nothing: an empty datagram, unless the host's end has gone.</summary>
    internal static nint AfterEmptyMessage(int fd) => (Kernel.PollNow(fd, PollIn) & PollHup) != 0
        ? LibcError.Answer(Errno.ENETDOWN)
        : 0;

    /// <summary>sendmsg(2).</summary>
    internal static nint Send(int fd, SocketState state, MessageHeader* message, int flags)
    {
        Descriptor.NoteDatagram();
        Next.TestCancel();
        if ((flags & MsgOob) != 0)
            return LibcError.Answer(Errno.EOPNOTSUPP);
        nuint payload = IoVectors.Capacity(message->Vectors, (int)message->VectorCount);
        if (payload > (nuint)(Descriptor.IsEcho(state) ? MaxEcho : MaxPayload) || message->VectorCount > MaxVectors)
            return LibcError.Answer(Errno.EMSGSIZE);
        if (Descriptor.IsEcho(state) && !IsEchoRequest(message))
            return LibcError.Answer(Errno.EINVAL);
        DatagramHeader header = default;
        bool needsHeader = message->Name != null;
        Errno error = needsHeader ? ReadDestination(state, message, &header.Peer)
            : (state & SocketState.Connecting) == 0 ? Errno.EDESTADDRREQ
            : Errno.None;
        bool isMarked = false;
        if (error == Errno.None && message->ControlLength != 0)
            error = SendControl.Read(state, message, &header, out isMarked);
        if (error == Errno.None && needsHeader)
            error = DatagramRoute.Check(fd, &header.Peer);
        if (error == Errno.None)
            error = DatagramLimit.Check(fd, state, payload, needsHeader ? &header.Peer : null);
        if (error == Errno.None && (state & SocketState.WriteShut) != 0)
            error = Errno.EPIPE;
        if (error == Errno.None && isMarked && !needsHeader)
        {
            needsHeader = true;
            error = DatagramPeer.Get(fd, state, &header.Peer);
        }

        if (error != Errno.None)
            return LibcError.Answer(error);

        if (needsHeader)
            StackHost.Sign(&header);
        if (SendRings.TrySend(fd, message, needsHeader ? &header : null, payload, out SendRings.Detour detour))
            return (nint)payload;
        if (detour.Ring != null)
        {
            needsHeader = true;
            StackHost.Sign(&header);
            header.Error = SendSignal.Detour;
        }

        nint sent = Pass(fd, message, needsHeader ? &header : null, flags);
        SendRings.AfterDetour(fd, detour, isSent: sent >= 0);
        return sent;
    }

    private static Errno ReadDestination(SocketState state, MessageHeader* message, WireAddress* peer)
    {
        ushort family = SocketAddress.Family(message->Name, message->NameLength);
        if (message->NameLength < InternetAddress.LengthV4)
            return Errno.EINVAL;
        if ((state & SocketState.V6) == 0 && family == AfInet6)
            return Errno.EAFNOSUPPORT;
        if ((state & SocketState.V6) == 0 && family == AfUnspec)
            return Descriptor.IsEcho(state) ? Errno.EAFNOSUPPORT : ReadUnspecified((InternetAddress*)message->Name, peer);
        Errno error = SocketAddress.ReadEither(message->Name, message->NameLength, peer);
        return error == Errno.None && peer->Port == 0 && !Descriptor.IsEcho(state) ? Errno.EINVAL : error;
    }

    /// <summary>All that may be sent by a socket for ICMP echo (ping_supported, 6.1).</summary>
    private static bool IsEchoRequest(MessageHeader* message)
    {
        const int headerLength = 8;
        const byte echoRequest = 8;
        if (IoVectors.Capacity(message->Vectors, (int)message->VectorCount) < headerLength)
            return false;
        byte* typeAndCode = stackalloc byte[2];
        IoVectors.CopyOut(message->Vectors, typeAndCode, 2);
        return typeAndCode[0] == echoRequest && typeAndCode[1] == 0;
    }

    /// <summary>"Looks OK" for AF_INET (udp_sendmsg, 6.1).</summary>
    private static Errno ReadUnspecified(InternetAddress* address, WireAddress* peer)
    {
        *peer = default;
        peer->Family = AfInet;
        peer->Port = SocketAddress.Swap(address->Port);
        SocketAddress.WriteMapped(peer->Octets, address->AddressV4);
        return peer->Port == 0 ? Errno.EINVAL : Errno.None;
    }

    private static nint Pass(int fd, MessageHeader* message, DatagramHeader* header, int flags)
    {
        IoVector* vectors = stackalloc IoVector[MaxVectors + 1];
        MessageHeader inner = new() { Vectors = message->Vectors, VectorCount = message->VectorCount };
        if (header != null)
        {
            vectors[0].Base = (byte*)header;
            vectors[0].Length = (nuint)sizeof(DatagramHeader);
            for (nuint i = 0; i < message->VectorCount; i++)
                vectors[i + 1] = message->Vectors[i];
            inner.Vectors = vectors;
            inner.VectorCount = message->VectorCount + 1;
        }

        nint sent = Next.SendMessage(fd, &inner, flags | MsgNosignal);
        if (sent >= 0)
            return header != null ? sent - sizeof(DatagramHeader) : sent;
        return *LibcError.Location() is (int)Errno.EPIPE or (int)Errno.ECONNRESET or (int)Errno.ENOTCONN
            ? LibcError.Answer(Errno.ENETDOWN)
            : sent;
    }
}

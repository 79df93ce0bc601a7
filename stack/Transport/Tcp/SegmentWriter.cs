using System.Buffers.Binary;
using Pyco.Stack.Internet;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Puts segments into frames: header, options, payload and checksum, each written once and in place. Where a frame stays
/// within the process, much payload goes by reference.
/// </summary>
internal sealed class SegmentWriter(INetworkLayer network)
{
    /// <summary>Sends a segment of a connection, with our acknowledgement and window.</summary>
    /// <param name="tcb">The connection.</param>
    /// <param name="seq">Where it begins; payload comes from the send buffer by this.</param>
    /// <param name="flags">ACK is added.</param>
    /// <param name="length">Octets of payload.</param>
    /// <param name="now">The moment, for the timestamp.</param>
    public void Send(Connection tcb, SequenceNumber seq, TcpFlags flags, int length, Instant now)
    {
        Span<byte> options = stackalloc byte[TcpOptionsWriter.Capacity];
        int optionsLength = WriteOptions(tcb, options, withSack: length == 0, now);
        ushort window = tcb.Rcv.Advertise();
        int headerLength = TcpHeader.MinLength + optionsLength;
        bool isByReference = length >= ReceiveBuffer.CopyBreak && TakesReferences(tcb.Route);
        int ownLength = headerLength + (isByReference ? 0 : length);
        Frame frame = network.RentFrame(ownLength);
        frame.SegmentSize = length > tcb.Snd.Mss ? tcb.Snd.Mss : 0;
        Span<byte> octets = frame.Append(ownLength);
        options[..optionsLength].CopyTo(octets[TcpHeader.MinLength..]);
        ushort urgentPointer = (flags & TcpFlags.Rst) != 0 ? (ushort)0 : tcb.Snd.UrgentPointerAt(seq);
        if (urgentPointer != 0)
            flags |= TcpFlags.Urg;
        WriteHeader(octets, tcb.Key, seq, tcb.Rcv.Nxt, headerLength, flags | TcpFlags.Ack, window, urgentPointer);
        if (isByReference)
            tcb.Snd.Buffer.AttachTo(frame, seq - tcb.Snd.DataStart, length);
        else if (length > 0)
            tcb.Snd.Buffer.CopyTo(seq - tcb.Snd.DataStart, octets[headerLength..]);
        Dispatch(frame, octets, tcb.Key, tcb.Route, tcb.TimeToLive, tcb.TypeOfService, now);
        tcb.DelayedAck.OnAckSent();
    }

    /// <summary>Sends our SYN, or SYN-ACK once the peer's SYN is known.</summary>
    public void SendSyn(Connection tcb, Instant now)
    {
        bool isAnswer = tcb.State == TcpState.SynReceived;
        // A SYN offers everything; a SYN-ACK only what the SYN offered (RFC 7323 §1.3, RFC 2018 §2).
        var offer = new SynOffer
        {
            Mss = (ushort)tcb.PathMss,
            IsSackOffered = !isAnswer || tcb.IsSackOn,
            WindowScale = isAnswer && tcb.Rcv.Scale == 0 ? null : Receiver.OfferedScale,
            TimestampValue = !isAnswer || tcb.Timestamps.IsOn ? tcb.Timestamps.Clock(now) : null,
            TimestampEcho = tcb.Timestamps.Recent,
        };
        ushort window = tcb.Rcv.AdvertiseUnscaled();
        TcpFlags flags = isAnswer ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Syn;
        SequenceNumber ack = isAnswer ? tcb.Rcv.Nxt : default;
        SendSyn(tcb.Key, tcb.Route, tcb.Snd.Iss, ack, flags, window, offer, tcb.TimeToLive, tcb.TypeOfService, now);
        tcb.DelayedAck.OnAckSent();
    }

    /// <summary>Sends a SYN or SYN-ACK that need not belong to a connection: cookies have none yet.</summary>
    public void SendSyn(
        in ConnectionKey key,
        in Route route,
        SequenceNumber seq,
        SequenceNumber ack,
        TcpFlags flags,
        ushort window,
        in SynOffer offer,
        byte timeToLive,
        byte typeOfService,
        Instant now)
    {
        Frame frame = network.RentFrame();
        Span<byte> options = stackalloc byte[TcpOptionsWriter.Capacity];
        var writer = new TcpOptionsWriter(options);
        writer.MaxSegmentSize(offer.Mss);
        if (offer.IsSackOffered)
            writer.SackPermitted();
        if (offer.TimestampValue is { } timestamp)
            writer.Timestamp(timestamp, offer.TimestampEcho);
        if (offer.WindowScale is { } scale)
            writer.WindowScale(scale);
        int headerLength = TcpHeader.MinLength + writer.Finish();
        Span<byte> octets = frame.Append(headerLength);
        options[..(headerLength - TcpHeader.MinLength)].CopyTo(octets[TcpHeader.MinLength..]);
        WriteHeader(octets, key, seq, ack, headerLength, flags, window);
        Dispatch(frame, octets, key, route, timeToLive, typeOfService, now);
    }

    /// <summary>Sends a segment without payload or options: resets, and acknowledgements for TIME-WAIT.</summary>
    public void SendBare(
        in ConnectionKey key,
        in Route route,
        SequenceNumber seq,
        SequenceNumber ack,
        TcpFlags flags,
        ushort window,
        TcpTimestamp? timestamp,
        byte timeToLive,
        byte typeOfService,
        Instant now)
    {
        Frame frame = network.RentFrame();
        int headerLength = TcpHeader.MinLength + (timestamp is null ? 0 : TcpOptionsWriter.TimestampLength);
        Span<byte> octets = frame.Append(headerLength);
        if (timestamp is { } present)
        {
            var writer = new TcpOptionsWriter(octets[TcpHeader.MinLength..]);
            writer.Timestamp(present.Value, present.Echo);
            writer.Finish();
        }
        WriteHeader(octets, key, seq, ack, headerLength, flags, window);
        Dispatch(frame, octets, key, route, timeToLive, typeOfService, now);
    }

    /// <summary>Such a link stays within the process, or makes frames for a wire at its edge; so does loopback.</summary>
    private static bool TakesReferences(in Route route) => route.ChecksumTrusted && route.MaxSuperSegment > 0;

    private static int WriteOptions(Connection tcb, Span<byte> destination, bool withSack, Instant now)
    {
        var writer = new TcpOptionsWriter(destination);
        if (tcb.Timestamps.IsOn)
            writer.Timestamp(tcb.Timestamps.Clock(now), tcb.Timestamps.Recent);
        Reassembly reassembly = tcb.Rcv.Reassembly;
        // Full segments have no room for blocks: Output sends those in an acknowledgement of their own.
        if (withSack && tcb.IsSackOn && (!reassembly.IsEmpty || reassembly.HasDuplicate))
        {
            Span<SackBlock> blocks = stackalloc SackBlock[TcpOptions.MaxSackBlocks];
            int count = reassembly.TakeSackBlocks(blocks[..writer.SackBlocksThatFit]);
            IncludeFin(blocks[..count], tcb.Rcv);
            writer.Sack(blocks[..count]);
        }
        return writer.Finish();
    }

    /// <summary>A FIN after text that waits waits too, and has a number (RFC 9293 §3.4): unreported it would be sent again.</summary>
    private static void IncludeFin(Span<SackBlock> blocks, Receiver rcv)
    {
        if (rcv.FinSeq is not { } fin || rcv.IsFinished)
            return;
        foreach (ref SackBlock block in blocks)
        {
            if (block.End == fin)
                block = block with { End = fin + 1 };
        }
    }

    private static void WriteHeader(
        Span<byte> octets,
        in ConnectionKey key,
        SequenceNumber seq,
        SequenceNumber ack,
        int headerLength,
        TcpFlags flags,
        ushort window,
        ushort urgentPointer = 0) =>
        TcpHeader.Write(octets, key.Local.Port, key.Remote.Port, seq, ack, headerLength, flags, window, urgentPointer);

    private void Dispatch(
        Frame frame,
        Span<byte> octets,
        in ConnectionKey key,
        in Route route,
        byte timeToLive,
        byte typeOfService,
        Instant now)
    {
        frame.LacksChecksum = route.ChecksumTrusted;
        if (!frame.LacksChecksum)
        {
            uint sum = Checksum.PseudoHeader(key.Local.Address, key.Remote.Address, IpProtocol.Tcp, octets.Length);
            ushort checksum = Checksum.Finish(Checksum.Add(sum, octets));
            BinaryPrimitives.WriteUInt16BigEndian(octets[TcpHeader.ChecksumOffset..], checksum);
        }
        network.Send(frame, route, new PacketOptions(IpProtocol.Tcp, timeToLive, typeOfService, DontFragment: true), now);
    }
}

/// <summary>The options of a SYN or SYN-ACK.</summary>
internal readonly record struct SynOffer
{
    public required ushort Mss { get; init; }

    public required bool IsSackOffered { get; init; }

    public required byte? WindowScale { get; init; }

    public required uint? TimestampValue { get; init; }

    public required uint TimestampEcho { get; init; }
}

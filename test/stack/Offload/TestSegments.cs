using System.Buffers.Binary;
using CsCheck;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

/// <summary>What a TCP segment of the tests is like.</summary>
internal sealed record TestSegment
{
    public string Source { get; init; } = "10.0.0.1";

    public ushort SourcePort { get; init; } = 4000;

    public uint Seq { get; init; }

    public uint Ack { get; init; } = 1234;

    public TcpFlags Flags { get; init; } = TcpFlags.Ack;

    public ushort Window { get; init; } = 500;

    public ushort UrgentPointer { get; init; }

    public ushort Identification { get; init; }

    public bool DontFragment { get; init; } = true;

    /// <summary>Octets of options: 12 are a timestamp.</summary>
    public byte[] Options { get; init; } = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

    public byte[] Payload { get; init; } = [];

    /// <summary>An IEEE 802.1Q tag, or null.</summary>
    public ushort? Vlan { get; init; }

    /// <summary>A super-segment, if the payload is larger; then it has no checksum.</summary>
    public int SegmentSize { get; init; }

    /// <summary>Octets before the payload.</summary>
    public int HeaderLength => (Vlan is null ? 14 : 18) + IPv4Header.MinLength + TcpHeader.MinLength + Options.Length;

    /// <summary>Super-segments as our stack or another sends them.</summary>
    public static Gen<TestSegment> SuperSegments { get; } =
        from size in Gen.Int[1, 1448]
        from length in Gen.Int[size + 1, Math.Min(65535 - 52, 45 * size)]
        from seq in Gen.UInt
        from id in Gen.Frequency((1, Gen.Const((ushort)0)), (3, Gen.UShort))
        from isTagged in Gen.Bool
        from ends in Gen.OneOf(TcpFlags.None, TcpFlags.Psh, TcpFlags.Fin, TcpFlags.Psh | TcpFlags.Fin)
        from ecn in Gen.OneOf(TcpFlags.None, TcpFlags.Ece, TcpFlags.Cwr)
        from hasOptions in Gen.Bool
        from dontFragment in Gen.Bool
        select new TestSegment
        {
            Seq = seq,
            Identification = id,
            DontFragment = dontFragment,
            Flags = TcpFlags.Ack | ends | ecn,
            Options = hasOptions ? new TestSegment().Options : [],
            Payload = PayloadFrom(seq, length),
            SegmentSize = size,
            Vlan = isTagged ? (ushort)7 : null,
        };

    /// <summary>Every octet is a function of its place in the stream.</summary>
    public static byte[] PayloadFrom(uint seq, int length)
    {
        byte[] octets = new byte[length];
        for (int index = 0; index < length; index++)
            octets[index] = (byte)(((seq + (uint)index) * 31) ^ ((seq + (uint)index) >> 8));
        return octets;
    }

    public Frame ToFrame(FramePool pool)
    {
        Frame frame = pool.Rent();
        frame.Append(12).Fill(0x22);
        frame.Octets[0] = 0x02;
        if (Vlan is { } vlan)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.Append(2), EtherType.VlanTag);
            BinaryPrimitives.WriteUInt16BigEndian(frame.Append(2), vlan);
        }
        BinaryPrimitives.WriteUInt16BigEndian(frame.Append(2), EtherType.IPv4);
        int headerLength = TcpHeader.MinLength + Options.Length;
        IpAddress source = IpAddress.Parse(Source);
        IpAddress destination = IpAddress.Parse("10.0.0.2");
        IPv4Fields fields = new(source, destination, IpProtocol.Tcp, IPv4Header.MinLength + headerLength + Payload.Length)
        {
            TimeToLive = 64,
            Identification = Identification,
            FlagsAndOffset = DontFragment ? IPv4Header.DontFragmentFlag : (ushort)0,
        };
        IPv4Header.Write(frame.Append(IPv4Header.MinLength), fields);
        Span<byte> segment = frame.Append(headerLength + Payload.Length);
        Options.CopyTo(segment[TcpHeader.MinLength..]);
        Payload.CopyTo(segment[headerLength..]);
        TcpHeader.Write(segment, SourcePort, 80, new(Seq), new(Ack), headerLength, Flags, Window, UrgentPointer);
        if (SegmentSize > 0 && Payload.Length > SegmentSize)
        {
            frame.SegmentSize = SegmentSize;
            frame.LacksChecksum = true;
            return frame;
        }
        uint sum = Checksum.Add(Checksum.PseudoHeader(source, destination, IpProtocol.Tcp, segment.Length), segment);
        BinaryPrimitives.WriteUInt16BigEndian(segment[TcpHeader.ChecksumOffset..], Checksum.Finish(sum));
        return frame;
    }
}

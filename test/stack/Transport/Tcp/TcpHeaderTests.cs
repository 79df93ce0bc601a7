using CsCheck;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class TcpHeaderTests
{
    [Test]
    public void What_is_written_is_read_again()
    {
        byte[] octets = new byte[27];
        TcpHeader.Write(octets, 80, 40000, new(0x01020304), new(0xfefdfcfb), 24, TcpFlags.Psh | TcpFlags.Ack, 513, 7);
        octets[24] = (byte)'a';
        bool parsed = TcpHeader.TryParse(octets, out TcpHeader header);
        Assert.That(parsed);
        Assert.That(header.SourcePort, Is.EqualTo(80));
        Assert.That(header.DestinationPort, Is.EqualTo(40000));
        Assert.That(header.Seq, Is.EqualTo(new SequenceNumber(0x01020304)));
        Assert.That(header.Ack, Is.EqualTo(new SequenceNumber(0xfefdfcfb)));
        Assert.That(header.Flags, Is.EqualTo(TcpFlags.Psh | TcpFlags.Ack));
        Assert.That(header.Window, Is.EqualTo(513));
        Assert.That(header.UrgentPointer, Is.EqualTo(7));
        Assert.That(header.Checksum, Is.Zero);
        Assert.That(header.Options.Length, Is.EqualTo(4));
        Assert.That(header.Payload.Length, Is.EqualTo(3));
        Assert.That(header.Payload[0], Is.EqualTo((byte)'a'));
    }

    [TestCase(19, 5)] // too short for any header
    [TestCase(20, 4)] // a data offset below the fixed header
    [TestCase(20, 6)] // a data offset beyond the end
    public void A_data_offset_that_cannot_be_is_refused(int length, int dataOffset)
    {
        byte[] octets = new byte[length];
        octets[12] = (byte)(dataOffset << 4);
        Assert.That(TcpHeader.TryParse(octets, out _), Is.False);
    }

    [Test]
    public void SYN_and_FIN_count_in_the_length()
    {
        byte[] octets = new byte[25];
        TcpHeader.Write(octets, 1, 2, new(0xffffffff), default, 20, TcpFlags.Syn | TcpFlags.Fin, 0);
        Assert.That(TcpHeader.TryParse(octets, out TcpHeader header));
        Segment segment = Segment.Read(header);
        Assert.That(segment.Len, Is.EqualTo(7));
        Assert.That(segment.PayloadSeq, Is.EqualTo(new SequenceNumber(0)));
        Assert.That(segment.End, Is.EqualTo(new SequenceNumber(6)));
    }

    [Test]
    public void Any_octets_are_parsed_or_refused_without_an_exception() =>
        Gen.Byte.Array[0, 100].Sample(octets =>
        {
            if (!TcpHeader.TryParse(octets, out TcpHeader header))
                return true;
            Segment segment = Segment.Read(header);
            return segment.PayloadLength == header.Payload.Length && header.Options.Length <= TcpOptionsWriter.Capacity;
        });
}

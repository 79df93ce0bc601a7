using CsCheck;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class TcpOptionsTests
{
    [Test]
    public void The_options_of_a_SYN_take_20_octets_as_those_of_Linux()
    {
        TcpOptionsWriter writer = new(new byte[TcpOptionsWriter.Capacity]);
        writer.MaxSegmentSize(1460);
        writer.SackPermitted();
        writer.Timestamp(0x01020304, 0x05060708);
        writer.WindowScale(7);
        Assert.That(writer.Finish(), Is.EqualTo(20));
    }

    [Test]
    public void What_is_written_is_read_again()
    {
        byte[] octets = new byte[TcpOptionsWriter.Capacity];
        TcpOptionsWriter writer = new(octets);
        writer.MaxSegmentSize(1460);
        writer.SackPermitted();
        writer.Timestamp(0x01020304, 0x05060708);
        writer.WindowScale(7);
        writer.Sack([new(new(10), new(20)), new(new(30), new(40)), new(new(50), new(60))]);
        int length = writer.Finish();

        Assert.That(TcpOptions.TryParse(octets.AsSpan(0, length), out TcpOptions options));
        Assert.That(options.Mss, Is.EqualTo(1460));
        Assert.That(options.SackPermitted);
        Assert.That(options.Timestamp, Is.EqualTo(new TcpTimestamp(0x01020304, 0x05060708)));
        Assert.That(options.WindowScale, Is.EqualTo(7));
        Assert.That(options.SackBlocks.ToArray(), Is.EqualTo(new[]
        {
            new SackBlock(new(10), new(20)), // only two fit behind the others
            new SackBlock(new(30), new(40)),
        }));
    }

    [TestCase(0, 4)]
    [TestCase(TcpOptionsWriter.TimestampLength, 3)]
    public void Four_SACK_blocks_fit_alone_and_three_beside_a_timestamp(int before, int blocks)
    {
        TcpOptionsWriter writer = new(new byte[TcpOptionsWriter.Capacity]);
        if (before > 0)
            writer.Timestamp(1, 2);
        Assert.That(writer.Length, Is.EqualTo(before));
        Assert.That(writer.SackBlocksThatFit, Is.EqualTo(blocks));
    }

    [Test]
    public void An_option_beyond_the_end_spoils_nothing_before_it()
    {
        byte[] octets = [2, 4, 0x05, 0xb4, 8, 10, 0, 0];
        Assert.That(TcpOptions.TryParse(octets, out TcpOptions options), Is.False);
        Assert.That(options.Mss, Is.EqualTo(1460));
        Assert.That(options.Timestamp, Is.Null);
    }

    [Test]
    public void Unknown_options_and_wrong_lengths_are_passed_over()
    {
        byte[] octets = [254, 4, 1, 2, 2, 3, 9, 3, 3, 15, 1, 4, 2, 0, 3, 3];
        Assert.That(TcpOptions.TryParse(octets, out TcpOptions options));
        Assert.That(options.Mss, Is.Null);
        Assert.That(options.WindowScale, Is.EqualTo(14)); // RFC 7323 §2.3
        Assert.That(options.SackPermitted);
    }

    [Test]
    public void Any_octets_are_read_without_an_exception() =>
        Gen.Byte[0, 12].Array[0, 40].Sample(octets =>
        {
            _ = TcpOptions.TryParse(octets, out TcpOptions options);
            return options.SackBlocks.Length <= TcpOptions.MaxSackBlocks && !(options.WindowScale > 14);
        });
}

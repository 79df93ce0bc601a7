using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Testing;

public class TraceSegmentTests
{
    [TestCase("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 7 ecr 0,wscale 8>")]
    [TestCase("P. 1:6(5) ack 1 win 257")]
    [TestCase(". 1:1(0) ack 1 win 257 <sack 101:201 301:401>")]
    [TestCase("R 1:1(0) win 0")]
    [TestCase("U. 1:4(3) ack 1 win 257 urg 3")]
    public void What_is_written_is_read_again(string text)
    {
        TraceSegment segment = TraceSegment.Parse(text);
        byte[] octets = segment.Write(80, 90, new(0xfffffff0), new(500), new byte[segment.Length]);
        Assert.That(TcpHeader.TryParse(octets, out TcpHeader header));
        Assert.That(TraceSegment.Read(header, new(0xfffffff0), new(500)).ToString(), Is.EqualTo(text));
    }

    [TestCase("1:6(5) ack 1", true)]
    [TestCase("1:6(5) ack 1 win 100", true)]
    [TestCase("1:6(5) ack 1 <TS val * ecr 9>", true)]
    [TestCase("1:6(5) ack 1 win 101", false)]
    [TestCase("1:6(5) ack 2", false)]
    [TestCase("2:7(5) ack 1", false)]
    [TestCase("F. 1:6(5) ack 1", false)]
    [TestCase("1:6(5) ack 1 <sackOK>", false)]
    public void An_expectation_says_only_what_matters(string expectation, bool matches)
    {
        TraceSegment actual = TraceSegment.Parse("P. 1:6(5) ack 1 win 100 <TS val 3 ecr 9>");
        Assert.That(TraceSegment.Parse(expectation).Matches(actual), Is.EqualTo(matches));
    }

    [TestCase("hello")]
    [TestCase("1:7(5)")]
    [TestCase("X 1:6(5)")]
    public void What_is_no_segment_is_refused(string text) =>
        Assert.That(() => TraceSegment.Parse(text), Throws.TypeOf<FormatException>());
}

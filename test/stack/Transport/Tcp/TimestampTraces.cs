using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>The timestamp option, and the old segments that it finds out (RFC 7323 §3 to §5).</summary>
public class TimestampTraces
{
    private const double Day = 86_400;

    [Test]
    public void A_segment_with_an_older_timestamp_is_dropped_and_acknowledged()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("1:6(5) ack 1 <TS val 999 ecr 0>");
        trace.StackSends("1:1(0) ack 1 <TS val * ecr 1000>"); // RFC 7323 §5.3, R1
        Assert.That(trace.Socket.ReceivedOctets, Is.Zero);
    }

    [Test]
    public void An_equal_timestamp_is_good_and_a_newer_one_is_echoed()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("1:6(5) ack 1 <TS val 1000 ecr 0>").StackSends("1:1(0) ack 6 <TS val * ecr 1000>");
        trace.PeerSends("6:11(5) ack 1 <TS val 1001 ecr 0>").StackSends("1:1(0) ack 11 <TS val * ecr 1001>");
        trace.AppReads("abcdefghij");
    }

    [Test]
    public void Timestamps_wrap()
    {
        Trace trace = WithTimestamps(4_294_967_290);
        trace.PeerSends("1:6(5) ack 1 <TS val 5 ecr 0>").StackSends("1:1(0) ack 6 <TS val * ecr 5>");
        trace.PeerSends("6:11(5) ack 1 <TS val 4294967295 ecr 0>").StackSends("1:1(0) ack 6 <TS val * ecr 5>");
    }

    [Test]
    public void After_24_days_of_silence_any_timestamp_is_believed()
    {
        Trace trace = WithTimestamps();
        trace.At(23.9 * Day).PeerSends("1:6(5) ack 1 <TS val 999 ecr 0>").StackSends("1:1(0) ack 1");
        trace.At(24.1 * Day).PeerSends("1:6(5) ack 1 <TS val 999 ecr 0>"); // RFC 7323 §5.5
        trace.StackSends("1:1(0) ack 6 <TS val * ecr 999>");
    }

    [Test]
    public void A_RST_is_not_looked_at_by_its_timestamp()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("R 1:1(0) <TS val 1 ecr 0>"); // RFC 7323 §5.2
        trace.AppHears(SocketEvents.Failed).ErrorIs(Errno.ECONNRESET);
    }

    [Test]
    public void What_is_echoed_belongs_to_the_segment_at_the_left_edge()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("6:11(5) ack 1 <TS val 1010 ecr 0>").StackSends("1:1(0) ack 1 <TS val * ecr 1000>");
        trace.PeerSends("1:6(5) ack 1 <TS val 1005 ecr 0>").StackSends("1:1(0) ack 11 <TS val * ecr 1005>"); // §4.3
    }

    [Test]
    public void A_delayed_ACK_echoes_the_earliest_of_the_segments_that_it_acknowledges()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("1:6(5) ack 1 <TS val 1001 ecr 0>").StackSends("1:1(0) ack 6 <TS val * ecr 1001>");
        trace.AppWrites("ok").StackSends("1:3(2) ack 6 <TS val * ecr 1001>"); // from here on ACKs are delayed
        trace.PeerSends("6:11(5) ack 3 <TS val 1010 ecr 0>").PeerSends("11:16(5) ack 3 <TS val 1020 ecr 0>");
        trace.At(0.040).StackSends("3:3(0) ack 16 <TS val * ecr 1010>"); // §4.2
    }

    [Test]
    public void A_segment_without_the_option_is_taken_as_by_Linux()
    {
        Trace trace = WithTimestamps();
        trace.PeerSends("1:6(5) ack 1").StackSends("1:1(0) ack 6 <TS val * ecr 1000>"); // RFC 7323 §3.2: SHOULD drop
    }

    [Test]
    public void The_option_takes_its_room_from_the_data()
    {
        Trace trace = WithTimestamps();
        trace.AppWrites(1000).StackSends("1:989(988) ack 1 <TS val * ecr 1000>"); // RFC 6691
    }

    [Test]
    public void Our_clock_ticks_in_milliseconds()
    {
        Trace trace = WithTimestamps();
        uint start = trace.LastTimestamp;
        trace.At(2).AppWrites("hello").StackSends("1:6(5) ack 1 <TS val * ecr 1000>");
        Assert.That(trace.LastTimestamp - start, Is.EqualTo(2000)); // RFC 7323 §5.4
    }

    [Test]
    public void Without_the_peers_option_none_is_sent()
    {
        Trace trace = Trace.Established();
        uint inTheSyn = trace.LastTimestamp;
        trace.At(2).AppWrites("hello").StackSends("1:6(5) ack 1");
        Assert.That(trace.LastTimestamp, Is.EqualTo(inTheSyn)); // RFC 7323 §3.2
    }

    private static Trace WithTimestamps(uint value = 1000) => Trace.Established($"mss 1000,TS val {value} ecr 0");
}

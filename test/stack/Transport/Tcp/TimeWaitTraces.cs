using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>TIME-WAIT: how long, what restarts it, what ends it early (RFC 9293 §3.6.1, RFC 6191, RFC 1337).</summary>
public class TimeWaitTraces
{
    private const string Old = "2:2(0) ack 2"; // an ACK that needs no answer, unless nobody is there
    private const string Gone = "R 2:2(0)";

    [Test]
    public void It_lasts_60_seconds()
    {
        Trace trace = InTimeWait();
        trace.At(59.999).PeerSends(Old).StackIsSilent();
        trace.At(60.001).PeerSends(Old).StackSends(Gone);
    }

    [Test]
    public void A_repeated_FIN_is_acknowledged_and_begins_the_time_anew()
    {
        Trace trace = InTimeWait();
        trace.At(50).PeerSends("F. 1:1(0) ack 2").StackSends("2:2(0) ack 2"); // RFC 9293 §3.10.7.4, eighth step
        trace.At(109.999).PeerSends(Old).StackIsSilent();
        trace.At(110.001).PeerSends(Old).StackSends(Gone);
    }

    [Test]
    public void Data_beyond_the_FIN_is_answered_with_an_ACK()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("2:7(5) ack 2").StackSends("2:2(0) ack 2").StackIsSilent();
    }

    [Test]
    public void A_RST_at_the_exact_place_ends_it_as_in_Linux()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("R 2:2(0)").StackIsSilent(); // RFC 1337 would not: Linux's tcp_rfc1337 = 0
        trace.PeerSends(Old).StackSends(Gone);
    }

    [Test]
    public void A_RST_elsewhere_is_ignored()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("R 1:1(0)").PeerSends("R 100:100(0)").StackIsSilent();
        trace.PeerSends(Old).StackIsSilent();
    }

    [Test]
    public void A_newer_SYN_opens_the_connection_again_with_a_number_beyond_the_last()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("S 100000:100000(0) win 65535 <mss 1000>");
        TraceSegment answer = trace.TakeSent(); // RFC 1122 §4.2.2.13
        Assert.That((answer.Flags, answer.Ack), Is.EqualTo(("S.", 100001)));
        Assert.That(answer.Seq, Is.GreaterThan(2));
    }

    [Test]
    public void After_a_quick_transfer_the_new_number_is_still_beyond_the_last()
    {
        Trace trace = Trace.Accepted();
        int sent = 1;
        for (; sent < 200_001; sent += 10_000)
            trace.AppWrites(10_000).Skip().PeerSends($"1:1(0) ack {sent + 10_000}");
        trace.AppCloses().Skip().PeerSends($"F. 1:1(0) ack {sent + 1}").StackSends($"{sent + 1}:{sent + 1}(0) ack 2");
        trace.PeerSends("S 100000:100000(0) win 65535 <mss 1000>");
        TraceSegment answer = trace.TakeSent();
        Assert.That(answer.Flags, Is.EqualTo("S."));
        Assert.That(answer.Seq, Is.GreaterThan(sent + 1)); // RFC 9293 MAY-2: larger than any of the old ones
    }

    [Test]
    public void An_older_SYN_does_not()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("S -5000:-5000(0) win 65535 <mss 1000>").StackSends("2:2(0) ack 2");
        trace.PeerSends(Old).StackIsSilent();
    }

    [Test]
    public void A_newer_timestamp_makes_up_for_an_older_number()
    {
        Trace trace = InTimeWait("mss 1000,TS val 1000 ecr 0");
        trace.PeerSends("S -5000:-5000(0) win 65535 <mss 1000,TS val 1001 ecr 0>"); // RFC 6191 §2
        TraceSegment answer = trace.TakeSent();
        Assert.That((answer.Flags, answer.Ack), Is.EqualTo(("S.", -4999)));
    }

    [Test]
    public void An_older_timestamp_spoils_a_newer_number()
    {
        Trace trace = InTimeWait("mss 1000,TS val 1000 ecr 0");
        trace.PeerSends("S 100000:100000(0) win 65535 <mss 1000,TS val 999 ecr 0>");
        trace.StackSends("2:2(0) ack 2 <TS val * ecr 1000>");
    }

    [Test]
    public void Useless_segments_are_answered_twice_a_second_at_most()
    {
        Trace trace = InTimeWait();
        trace.PeerSends("S -5000:-5000(0)").StackSends("2:2(0) ack 2");
        trace.At(0.499).PeerSends("S -5000:-5000(0)").StackIsSilent(); // Linux's tcp_invalid_ratelimit
        trace.At(0.500).PeerSends("S -5000:-5000(0)").StackSends("2:2(0) ack 2");
    }

    /// <summary>The listener's side has closed first.</summary>
    private static Trace InTimeWait(string options = "mss 1000")
    {
        Trace trace = Trace.Accepted(options);
        trace.AppCloses().StackSends("F. 1:1(0) ack 1");
        trace.PeerSends("F. 1:1(0) ack 2").StackSends("2:2(0) ack 2");
        return trace.StateIs("TIME-WAIT");
    }
}

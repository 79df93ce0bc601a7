using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What a stranger's segments, sent blindly, cannot do (RFC 5961).</summary>
public class ChallengeAckTraces
{
    [TestCase("R 100:100(0)", TestName = "A_RST_that_only_falls_into_the_window_is_challenged")] // §3.2
    [TestCase("S 1:1(0)", TestName = "A_SYN_in_the_window_is_challenged")] // §4.2
    [TestCase("S 100000000:100000000(0)", TestName = "A_SYN_out_of_the_window_is_challenged")]
    [TestCase("1:6(5) ack 2", TestName = "An_ACK_of_what_was_never_sent_is_challenged")] // §5.2
    [TestCase("1:6(5) ack -70000", TestName = "An_ACK_from_before_the_largest_window_is_challenged")]
    public void Challenged(string segment)
    {
        Trace trace = Trace.Established();
        trace.PeerSends(segment).StackSends("1:1(0) ack 1").StackIsSilent().StateIs("ESTABLISHED");
        Assert.That(trace.Socket.ReceivedOctets, Is.Zero);
    }

    [Test]
    public void An_ACK_within_the_largest_window_is_only_old_and_its_data_is_taken()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("1:6(5) ack -60000").StackSends("1:1(0) ack 6").AppReads("abcde"); // RFC 5961 §5.2
    }

    [Test]
    public void One_connection_challenges_twice_a_second_at_most()
    {
        Trace trace = Trace.Established();
        trace.At(1).PeerSends("R 100:100(0)").StackSends("1:1(0) ack 1");
        trace.At(1.499).PeerSends("R 100:100(0)").PeerSends("S 1:1(0)").StackIsSilent(); // RFC 5961 §7
        trace.At(1.500).PeerSends("S 1:1(0)").StackSends("1:1(0) ack 1");
    }

    [Test]
    public void Challenges_on_one_connection_say_nothing_about_another()
    {
        Trace trace = new Trace().AppListens();
        foreach (ushort port in new ushort[] { 40000, 40001 })
        {
            trace.PeerUsesPort(port).PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
            trace.PeerSends("1:1(0) ack 1").StackIsSilent();
        }
        for (int count = 0; count < 3000; count++)
            trace.PeerUsesPort(40000).PeerSends("R 100:100(0)");
        trace.Skip().PeerUsesPort(40001).PeerSends("R 100:100(0)").StackSends("1:1(0) ack 1"); // CVE-2016-5696
    }

    [Test]
    public void A_peer_that_has_restarted_answers_the_challenge_and_gets_in()
    {
        Trace trace = Trace.Accepted();
        trace.PeerSends("S 5000:5000(0) win 65535 <mss 1000>").StackSends("1:1(0) ack 1");
        trace.PeerSends("R 1:1(0)").StackIsSilent().StateIs("CLOSED"); // RFC 9293 §3.5.1, figure 9
        trace.PeerSends("S 5000:5000(0) win 65535 <mss 1000>");
        Assert.That(trace.TakeSent().Flags, Is.EqualTo("S."));
    }
}

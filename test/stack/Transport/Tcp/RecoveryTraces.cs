using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What is sent again, and when (RFC 6298, RFC 5681, RFC 6582, RFC 6675).</summary>
public class RecoveryTraces
{
    [Test]
    public void An_unanswered_segment_goes_out_again_after_one_RTO_and_then_after_twice_that()
    {
        Trace trace = Trace.Established(); // a round trip of 0: the RTO is 200 ms, as in Linux
        trace.AppWrites("hello").StackSends("1:6(5) ack 1");
        trace.At(0.199).StackIsSilent();
        trace.At(0.200).StackSends("1:6(5) ack 1");
        trace.At(0.600).StackSends("1:6(5) ack 1"); // RFC 6298 (5.5)
        trace.At(1.400).StackSends("1:6(5) ack 1");
    }

    [Test]
    public void Three_duplicate_ACKs_make_the_first_segment_go_out_again()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(5000);
        for (int start = 1; start < 5001; start += 1000)
            trace.StackSends($"{start}:{start + 1000}(1000) ack 1");
        trace.At(0.010).PeerSends("1:1(0) ack 1 win 65535").PeerSends("1:1(0) ack 1 win 65535").StackIsSilent();
        trace.PeerSends("1:1(0) ack 1 win 65535").StackSends("1:1001(1000) ack 1"); // RFC 5681 §3.2
    }

    [Test]
    public void SACK_sends_only_the_holes_again()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(8000).Skip();
        trace.At(0.010).PeerSends("1:1(0) ack 1 win 65535 <sack 1001:2001>");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 1001:2001 3001:4001>");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 3001:5001 1001:2001>");
        trace.StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 3001:7001 1001:2001>");
        trace.StackSends("2001:3001(1000) ack 1"); // RFC 6675 §4, rule 1
    }

    [Test]
    public void A_connection_that_nobody_answers_fails_with_ETIMEDOUT()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello");
        trace.At(2000).AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT); // RFC 9293 §3.8.3, R2
    }
}

using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What waits for more to be sent with it (RFC 9293 §3.7.4; tcp(7): TCP_NODELAY, TCP_CORK).</summary>
public class NagleTraces
{
    [Test]
    public void Full_segments_hold_no_partial_one_back()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(1500).StackSends("1:1001(1000) ack 1").StackSends("1001:1501(500) ack 1"); // Minshall's form
        trace.AppWrites(100).StackIsSilent();
        trace.PeerSends("1:1(0) ack 1501").StackSends("1501:1601(100) ack 1");
    }

    [Test]
    public void What_is_held_back_leaves_when_it_fills_a_segment()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites(999).StackIsSilent();
        trace.AppWrites(1).StackSends("2:1002(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void Switching_Nagle_off_sends_what_it_holds_back()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites("b").StackIsSilent();
        trace.Socket.NoDelay = true; // RFC 9293 MUST-17
        trace.StackSends("2:3(1) ack 1");
    }

    [Test]
    public void The_end_of_the_stream_is_not_held_back()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites("b").AppFinishesSending().StackSends("F. 2:3(1) ack 1");
    }

    [Test]
    public void A_cork_holds_partial_segments_back_until_it_is_drawn()
    {
        Trace trace = Trace.Established();
        trace.Socket.Cork = true;
        trace.AppWrites(1500).StackSends("1:1001(1000) ack 1").StackIsSilent();
        trace.PeerSends("1:1(0) ack 1001").StackIsSilent();
        trace.Socket.Cork = false;
        trace.StackSends("1001:1501(500) ack 1");
    }

    [Test]
    public void A_cork_holds_for_200_ms_at_most()
    {
        Trace trace = Trace.Established();
        trace.Socket.Cork = true;
        trace.AppWrites("hello").At(0.199).StackIsSilent();
        trace.At(0.200).StackSends("1:6(5) ack 1"); // tcp(7)
    }

    [Test]
    public void A_corked_stream_that_ends_is_sent()
    {
        Trace trace = Trace.Established();
        trace.Socket.Cork = true;
        trace.AppWrites("hello").StackIsSilent();
        trace.AppFinishesSending().StackSends("F. 1:6(5) ack 1");
    }
}

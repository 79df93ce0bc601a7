using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>How connections begin (RFC 9293 §3.5).</summary>
public class HandshakeTraces
{
    [Test]
    public void An_active_open_takes_three_segments()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0) <mss 1460,sackOK,wscale *,TS val * ecr 0>");
        trace.StateIs("SYN-SENT");
        trace.At(0.010).PeerSends("S. 0:0(0) ack 1 win 65535 <mss 1000>");
        trace.StackSends("1:1(0) ack 1").StateIs("ESTABLISHED").AppHears(SocketEvents.Connected);
    }

    [Test]
    public void A_passive_open_takes_three_segments()
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) win 65535 <mss 1000>");
        trace.StackSends("S. 0:0(0) ack 1 <mss 1460>");
        trace.PeerSends("1:1(0) ack 1 win 65535");
        trace.StackIsSilent().AppAccepts().StateIs("ESTABLISHED");
    }

    [Test]
    public void A_SYN_to_a_closed_port_is_answered_with_RST()
    {
        Trace trace = new Trace().AppListens();
        trace.Socket.Close(trace.Now);
        trace.PeerSends("S 0:0(0) win 65535");
        trace.StackSends("R. 0:0(0) ack 1"); // RFC 9293 §3.10.7.1
    }

    [Test]
    public void A_refused_connect_fails_with_ECONNREFUSED()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.PeerSends("R. 0:0(0) ack 1 win 0");
        trace.AppHears(SocketEvents.Failed).ErrorIs(Errno.ECONNREFUSED).StackIsSilent();
    }

    [Test]
    public void A_RST_that_acknowledges_something_else_does_not_refuse()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.PeerSends("R. 0:0(0) ack 5 win 0"); // RFC 9293 §3.10.7.3, second step
        trace.StateIs("SYN-SENT").StackIsSilent();
    }

    [Test]
    public void A_SYN_without_answer_goes_out_again_after_one_two_and_four_seconds()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.At(0.999).StackIsSilent();
        trace.At(1).StackSends("S 0:0(0)"); // RFC 6298 (2.1)
        trace.At(3).StackSends("S 0:0(0)");
        trace.At(7).StackSends("S 0:0(0)");
    }

    [Test]
    public void Two_sides_may_open_at_the_same_time()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.PeerSends("S 0:0(0) win 65535 <mss 1000>"); // RFC 9293 figure 7
        trace.StackSends("S. 0:0(0) ack 1").StateIs("SYN-RECEIVED");
        trace.PeerSends("S. 0:0(0) ack 1 win 65535 <mss 1000>");
        trace.StateIs("ESTABLISHED").AppHears(SocketEvents.Connected);
    }

    [Test]
    public void Options_are_answered_only_when_the_peer_offers_them()
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) win 65535 <mss 1000,sackOK,TS val 700 ecr 0,wscale 3>");
        trace.StackSends("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val * ecr 700,wscale *>");
    }

    [Test]
    public void Without_an_MSS_option_a_segment_has_536_octets()
    {
        Trace trace = Trace.Accepted(peerOptions: "");
        trace.AppWrites(1000);
        trace.StackSends("1:537(536) ack 1"); // RFC 9293 §3.7.1
    }
}

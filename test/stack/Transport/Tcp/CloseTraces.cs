using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>How connections end (RFC 9293 §3.6), and what forged segments cannot do (RFC 5961).</summary>
public class CloseTraces
{
    [Test]
    public void The_side_that_closes_first_passes_through_FIN_WAIT_to_TIME_WAIT()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 1").StateIs("FIN-WAIT-1");
        trace.PeerSends("1:1(0) ack 2 win 65535").StateIs("FIN-WAIT-2");
        trace.PeerSends("F. 1:1(0) ack 2 win 65535").StackSends("2:2(0) ack 2");
        trace.AppHears(SocketEvents.PeerFinished | SocketEvents.Finished);
    }

    [Test]
    public void The_side_that_closes_last_passes_through_CLOSE_WAIT_and_LAST_ACK()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("F. 1:1(0) ack 1 win 65535").StackSends("1:1(0) ack 2").StateIs("CLOSE-WAIT");
        trace.AppHears(SocketEvents.PeerFinished);
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 2").StateIs("LAST-ACK");
        trace.PeerSends("2:2(0) ack 2 win 65535").AppHears(SocketEvents.Finished);
    }

    [Test]
    public void Both_sides_may_close_at_once()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 1");
        trace.PeerSends("F. 1:1(0) ack 1 win 65535").StackSends("2:2(0) ack 2").StateIs("CLOSING");
        trace.PeerSends("2:2(0) ack 2 win 65535").AppHears(SocketEvents.Finished);
    }

    [Test]
    public void After_a_half_close_data_still_arrives()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 1");
        trace.PeerSends("1:6(5) ack 2 win 65535", "hello").AppReads("hello");
    }

    [Test]
    public void An_abort_sends_RST()
    {
        Trace trace = Trace.Established();
        trace.AppAborts().StackSends("R. 1:1(0) ack 1").StackIsSilent();
    }

    [Test]
    public void A_close_with_unread_data_resets()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("1:6(5) ack 1 win 65535").Skip();
        trace.AppCloses().StackSends("R. 1:1(0) ack 6"); // RFC 2525 §2.17
    }

    [Test]
    public void A_RST_at_the_exact_place_resets()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("R 1:1(0) win 0");
        trace.AppHears(SocketEvents.Failed).ErrorIs(Errno.ECONNRESET).StackIsSilent();
    }

    [Test]
    public void A_RST_elsewhere_in_the_window_is_challenged()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("R 100:100(0) win 0");
        trace.StackSends("1:1(0) ack 1").StateIs("ESTABLISHED"); // RFC 5961 §3.2
    }

    [Test]
    public void A_SYN_on_a_connection_is_challenged()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("S 1:1(0) win 65535");
        trace.StackSends("1:1(0) ack 1").StateIs("ESTABLISHED"); // RFC 5961 §4.2
    }

    [Test]
    public void An_ACK_of_what_was_never_sent_changes_nothing()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("1:6(5) ack 100 win 65535");
        trace.StackSends("1:1(0) ack 1").StateIs("ESTABLISHED"); // RFC 9293 §3.10.7.4, fifth step
    }
}

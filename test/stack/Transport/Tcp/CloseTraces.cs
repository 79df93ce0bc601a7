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
    public void A_peer_that_closed_first_may_connect_again_from_the_same_port()
    {
        Trace trace = Trace.Accepted();
        trace.PeerSends("F. 1:1(0) ack 1 win 65535").StackSends("1:1(0) ack 2");
        trace.AppCloses().StackSends("F. 1:1(0) ack 2");
        trace.PeerSends("2:2(0) ack 2 win 65535").StateIs("CLOSED");
        trace.PeerSends("S 5000:5000(0) win 65535 <mss 1000>");
        Assert.That(trace.TakeSent().Flags, Is.EqualTo("S."), "nothing of the old connection is in its way");
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

    [Test]
    public void Both_sides_may_close_at_once_with_their_ACKs_in_the_FINs()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 1");
        trace.PeerSends("F. 1:1(0) ack 2").StackSends("2:2(0) ack 2").StateIs("TIME-WAIT"); // RFC 9293 figure 13
    }

    [Test]
    public void The_side_that_is_not_closed_goes_on_sending()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("F. 1:1(0) ack 1").StackSends("1:1(0) ack 2");
        trace.AppWrites("hello").StackSends("1:6(5) ack 2").StateIs("CLOSE-WAIT"); // RFC 9293 §3.6.1, half close
        trace.PeerSends("2:2(0) ack 6").AppFinishesSending().StackSends("F. 6:6(0) ack 2");
        trace.PeerSends("2:2(0) ack 7").StateIs("CLOSED");
    }

    [Test]
    public void Data_in_the_buffer_is_sent_before_the_FIN()
    {
        Trace trace = Trace.Established(peerWindow: 1000);
        trace.AppWrites(2000).AppCloses().StackSends("1:1001(1000) ack 1").StackIsSilent();
        trace.PeerSends("1:1(0) ack 1001 win 1000").StackSends("F. 1001:2001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 2002").StateIs("FIN-WAIT-2");
    }

    [Test]
    public void Data_that_comes_after_the_close_is_answered_with_RST()
    {
        Trace trace = Trace.Established();
        trace.AppCloses().StackSends("F. 1:1(0) ack 1");
        trace.PeerSends("1:6(5) ack 2").StackSends("R. 2:2(0) ack 1"); // RFC 9293 SHLD-3
        trace.StateIs("CLOSED").StackIsSilent();
    }

    [Test]
    public void A_closed_socket_waits_a_minute_for_the_peers_FIN()
    {
        Trace trace = Trace.Established();
        trace.AppCloses().Skip().PeerSends("1:1(0) ack 2").AppHears(SocketEvents.Finished);
        trace.At(59.999).StateIs("FIN-WAIT-2");
        trace.At(60.001).StateIs("CLOSED"); // Linux's tcp_fin_timeout
        trace.PeerSends("F. 1:1(0) ack 2").StackSends("R 2:2(0)");
    }

    [Test]
    public void A_half_closed_connection_waits_as_long_as_the_peer_likes()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().Skip().PeerSends("1:1(0) ack 2");
        trace.At(86_400).StateIs("FIN-WAIT-2");
        trace.PeerSends("1:6(5) ack 2", "hello").AppReads("hello");
    }

    [Test]
    public void A_FIN_that_overtakes_data_waits_for_it()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("F. 6:11(5) ack 1").StackSends("1:1(0) ack 1").StateIs("ESTABLISHED");
        trace.PeerSends("1:6(5) ack 1").StackSends("1:1(0) ack 12").StateIs("CLOSE-WAIT").AppReads("abcdefghij");
    }

    [Test]
    public void A_repeated_FIN_is_acknowledged_again()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("F. 1:1(0) ack 1").StackSends("1:1(0) ack 2");
        trace.PeerSends("F. 1:1(0) ack 1").StackSends("1:1(0) ack 2").StateIs("CLOSE-WAIT");
    }

    [Test]
    public void A_RST_after_the_peers_FIN_is_a_broken_pipe()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("F. 1:1(0) ack 1").Skip().PeerSends("R 2:2(0)");
        trace.AppHears(SocketEvents.Failed).ErrorIs(Errno.EPIPE); // RFC 9293 MUST-12; as Linux's tcp_reset
    }

    [Test]
    public void A_close_before_the_answer_to_the_SYN_leaves_nothing()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)").AppCloses().StateIs("CLOSED"); // RFC 9293 §3.10.4, SYN-SENT
        trace.PeerSends("S. 0:0(0) ack 1").StackSends("R 1:1(0)");
    }

    [Test]
    public void An_end_of_the_stream_asked_for_during_the_handshake_follows_it()
    {
        Trace trace = new Trace().AppConnects();
        trace.AppWrites("hello").AppFinishesSending().StackSends("S 0:0(0)");
        trace.PeerSends("S. 0:0(0) ack 1 <mss 1000>").StackSends("F. 1:6(5) ack 1").StateIs("FIN-WAIT-1");
    }
}

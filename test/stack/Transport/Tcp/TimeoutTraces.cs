using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>The retransmission timer, and how long it is tried (RFC 6298, RFC 9293 §3.8.1 and §3.8.3).</summary>
public class TimeoutTraces
{
    [Test]
    public void The_users_time_out_ends_the_connection_to_the_moment()
    {
        Trace trace = Trace.Established();
        trace.Socket.UserTimeout = TimeSpan.FromSeconds(1);
        trace.AppWrites("hello").StackSends("1:6(5) ack 1");
        trace.At(0.999).StateIs("ESTABLISHED");
        trace.At(1).AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT); // RFC 9293 MUST-21; Linux clamps the RTO too
    }

    [Test]
    public void The_users_time_out_counts_from_the_last_progress()
    {
        Trace trace = Trace.Established();
        trace.Socket.UserTimeout = TimeSpan.FromSeconds(1);
        trace.AppWrites("hello").At(0.9).PeerSends("1:1(0) ack 6").AppWrites("world");
        trace.At(1.8).StateIs("ESTABLISHED");
        trace.At(1.9).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void The_users_time_out_ends_an_attempt_to_connect()
    {
        Trace trace = new Trace();
        trace.Socket.UserTimeout = TimeSpan.FromSeconds(5);
        trace.AppConnects().At(4.999).StateIs("SYN-SENT");
        trace.At(5).AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void Data_is_tried_for_a_quarter_of_an_hour()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").At(924).StateIs("ESTABLISHED"); // R2: RFC 9293 SHLD-11 wants 100 s at least
        trace.At(924.7 + 120).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void The_data_of_a_closed_socket_is_tried_for_a_shorter_time()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").AppCloses().At(102).StateIs("FIN-WAIT-1");
        trace.At(204.7).StateIs("CLOSED");
    }

    [Test]
    public void The_time_out_doubles_up_to_two_minutes()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").StackSends("1:6(5) ack 1");
        double expected = 0.2;
        for (double at = 0.2; at < 600; at += expected)
        {
            trace.At(at).StackSends("1:6(5) ack 1"); // RFC 6298 (5.5), (2.5)
            expected = Math.Min(2 * expected, 120);
        }
    }

    [Test]
    public void A_segment_sent_twice_gives_no_sample_and_its_ACK_ends_the_doubling()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").At(5).Skip();
        trace.PeerSends("1:1(0) ack 6");
        Assert.That(trace.Socket.SmoothedRoundTrip, Is.EqualTo(TimeSpan.Zero)); // RFC 6298 §3
        trace.AppWrites("world").StackSends("6:11(5) ack 1");
        trace.At(5.2).StackSends("6:11(5) ack 1");
    }

    [Test]
    public void With_timestamps_a_segment_sent_twice_gives_a_sample()
    {
        Trace trace = Trace.Established("mss 1000,TS val 1000 ecr 0");
        trace.AppWrites("hello").At(0.2).Skip();
        uint sentAgain = trace.LastTimestamp;
        trace.At(0.3).PeerSends($"1:1(0) ack 6 <TS val 1001 ecr {sentAgain}>"); // RFC 7323 §4.1
        Assert.That(trace.Socket.SmoothedRoundTrip, Is.EqualTo(TimeSpan.FromMilliseconds(100) / 8));
    }

    [Test]
    public void An_ACK_of_new_data_restarts_the_timer()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(2000).Skip();
        trace.At(0.150).PeerSends("1:1(0) ack 1001");
        trace.At(0.340).StackIsSilent(); // RFC 6298 (5.3)
        Assert.That(trace.At(0.600).TakeSentAt(out TraceSegment again), Is.EqualTo(0.150 + 0.3).Within(0.1));
        Assert.That((again.Seq, again.Length), Is.EqualTo((1001, 1000)));
    }

    [Test]
    public void A_duplicate_ACK_does_not_restart_the_timer()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(2000).Skip();
        trace.At(0.150).PeerSends("1:1(0) ack 1").StackIsSilent();
        trace.At(0.200).StackSends("1:1001(1000) ack 1");
    }

    [Test]
    public void After_a_lost_SYN_data_is_given_three_seconds()
    {
        Trace trace = new Trace().AppConnects();
        trace.At(1).Skip().PeerSends("S. 0:0(0) ack 1 <mss 1000>").Skip();
        trace.AppWrites("hello").StackSends("1:6(5) ack 1");
        trace.At(3.999).StackIsSilent();
        trace.At(4).StackSends("1:6(5) ack 1"); // RFC 6298 (5.7)
    }

    [TestCase(1, 10)]
    [TestCase(3, 1)]
    public void After_several_lost_SYNs_the_first_window_is_one_segment(int second, int segments)
    {
        Trace trace = new Trace().AppConnects();
        trace.At(second).Skip().PeerSends("S. 0:0(0) ack 1 <mss 1000>").Skip();
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(segments * 1000)); // RFC 5681 §3.1, RFC 6928 §2
    }

    [Test]
    public void A_FIN_without_ACK_goes_out_again()
    {
        Trace trace = Trace.Established();
        trace.AppFinishesSending().StackSends("F. 1:1(0) ack 1");
        trace.At(0.2).StackSends("F. 1:1(0) ack 1");
        trace.At(0.6).StackSends("F. 1:1(0) ack 1");
    }

    [Test]
    public void The_end_of_the_data_goes_out_again_with_its_FIN()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").AppFinishesSending().StackSends("1:6(5) ack 1").StackSends("F. 6:6(0) ack 1");
        trace.At(0.2).StackSends("F. 1:6(5) ack 1");
        trace.PeerSends("1:1(0) ack 7").StateIs("FIN-WAIT-2");
    }
}

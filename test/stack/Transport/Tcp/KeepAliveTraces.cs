using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Probes of a silent peer, and answers to the peer's (RFC 9293 §3.8.4).</summary>
public class KeepAliveTraces
{
    [Test]
    public void By_default_a_silent_peer_is_left_alone()
    {
        Trace trace = Trace.Established();
        trace.At(86_400).StackIsSilent().StateIs("ESTABLISHED"); // MUST-25
    }

    [Test]
    public void The_first_probe_comes_after_two_hours()
    {
        Trace trace = Trace.Established();
        trace.Socket.KeepAlive = true;
        trace.At(7199).StackIsSilent();
        trace.At(7200).StackSends("0:0(0) ack 1"); // MUST-28
    }

    [Test]
    public void An_answered_probe_is_followed_by_another_idle_time()
    {
        Trace trace = Watched();
        trace.At(60).StackSends("0:0(0) ack 1");
        trace.PeerSends("1:1(0) ack 1");
        trace.At(119).StackIsSilent();
        trace.At(120).StackSends("0:0(0) ack 1");
    }

    [Test]
    public void Three_unanswered_probes_end_the_connection()
    {
        Trace trace = Watched();
        foreach (double second in new double[] { 60, 70, 80 })
            trace.At(second).StackSends("0:0(0) ack 1").StateIs("ESTABLISHED"); // MUST-29: no single probe decides
        trace.At(90).StackSends("R. 1:1(0) ack 1");
        trace.AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void A_late_answer_saves_the_connection()
    {
        Trace trace = Watched();
        foreach (double second in new double[] { 60, 70, 80 })
            trace.At(second).StackSends("0:0(0) ack 1");
        trace.At(89).PeerSends("1:1(0) ack 1");
        trace.At(148).StackIsSilent().StateIs("ESTABLISHED");
        trace.At(149).StackSends("0:0(0) ack 1");
    }

    [Test]
    public void Data_from_the_peer_begins_the_idle_time_anew()
    {
        Trace trace = Watched();
        trace.At(30).PeerSends("1:6(5) ack 1").StackSends("1:1(0) ack 6");
        trace.At(89).StackIsSilent();
        trace.At(90).StackSends("0:0(0) ack 6");
    }

    [Test]
    public void While_data_is_unacknowledged_its_own_timer_does_the_asking()
    {
        Trace trace = Watched();
        trace.At(59.900).AppWrites("hello").StackSends("1:6(5) ack 1");
        trace.At(60.050).StackIsSilent(); // MUST-26
        trace.At(60.100).StackSends("1:6(5) ack 1");
    }

    [Test]
    public void The_users_time_out_takes_the_place_of_the_count()
    {
        Trace trace = Watched();
        trace.Socket.UserTimeout = TimeSpan.FromSeconds(65);
        trace.At(60).StackSends("0:0(0) ack 1");
        trace.At(70).StackSends("R. 1:1(0) ack 1").ErrorIs(Errno.ETIMEDOUT); // tcp(7), TCP_USER_TIMEOUT
    }

    [Test]
    public void The_peers_probes_are_answered_each_with_or_without_an_octet()
    {
        Trace trace = Trace.Established();
        for (int count = 0; count < 3; count++)
        {
            trace.PeerSends("0:0(0) ack 1").StackSends("1:1(0) ack 1");
            trace.PeerSends("0:1(1) ack 1").StackSends("1:1(0) ack 1"); // MAY-6
        }
        trace.StackIsSilent();
    }

    private static Trace Watched()
    {
        Trace trace = Trace.Established();
        trace.Socket.KeepAliveIdle = TimeSpan.FromSeconds(60);
        trace.Socket.KeepAliveInterval = TimeSpan.FromSeconds(10);
        trace.Socket.KeepAliveCount = 3;
        trace.Socket.KeepAlive = true;
        return trace;
    }
}

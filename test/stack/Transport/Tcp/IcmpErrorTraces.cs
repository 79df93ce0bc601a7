using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What routers report, and what forged reports cannot do (RFC 9293 §3.9.2.2, RFC 5461, RFC 5927, RFC 1191).</summary>
public class IcmpErrorTraces
{
    private const byte Unreachable = 3;
    private const byte SourceQuench = 4;
    private const byte TimeExceeded = 11;
    private const byte Host = 1;
    private const byte Port = 3;
    private const byte FragmentationNeeded = 4;

    [TestCase(Unreachable, 0, Errno.ENETUNREACH)]
    [TestCase(Unreachable, Host, Errno.EHOSTUNREACH)]
    [TestCase(Unreachable, 2, Errno.ENOPROTOOPT)]
    [TestCase(Unreachable, Port, Errno.ECONNREFUSED)]
    [TestCase(Unreachable, 13, Errno.EHOSTUNREACH)]
    [TestCase(TimeExceeded, 0, Errno.EHOSTUNREACH)]
    public void An_attempt_to_connect_ends_with_any_error(byte type, byte code, Errno expected)
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)").RouterReports(type, code, quotedSeq: 0);
        trace.AppHears(SocketEvents.Failed).ErrorIs(expected).StackIsSilent(); // RFC 5461 §4.1, as Linux
    }

    [Test]
    public void An_error_that_quotes_a_number_never_sent_is_ignored()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.RouterReports(Unreachable, Port, quotedSeq: 1).RouterReports(Unreachable, Port, quotedSeq: -1);
        trace.StateIs("SYN-SENT"); // RFC 5927 §4.1
    }

    [TestCase(Unreachable, Host)]
    [TestCase(Unreachable, Port)]
    [TestCase(TimeExceeded, 0)]
    [TestCase(12, 0)]
    public void An_error_kills_no_connection(byte type, byte code)
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").Skip().RouterReports(type, code, quotedSeq: 1);
        trace.StateIs("ESTABLISHED").ErrorIs(Errno.None); // RFC 9293 MUST-56; RFC 5461 §4.2 for the hard ones
        trace.PeerSends("1:1(0) ack 6");
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void An_error_is_the_reason_when_the_connection_times_out()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").Skip();
        trace.At(1).RouterReports(Unreachable, Host, quotedSeq: 1);
        trace.At(2000).AppHears(SocketEvents.Failed).ErrorIs(Errno.EHOSTUNREACH); // RFC 9293 MUST-47, SHLD-25
    }

    [Test]
    public void An_error_that_progress_has_proved_wrong_is_forgotten()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").Skip().RouterReports(Unreachable, Host, quotedSeq: 1);
        trace.PeerSends("1:1(0) ack 6").AppWrites("world");
        trace.At(2000).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void Source_quench_is_ignored()
    {
        Trace trace = Trace.Established();
        int before = trace.Socket.CongestionWindow;
        trace.AppWrites("hello").Skip().RouterReports(SourceQuench, 0, quotedSeq: 1).StackIsSilent();
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(before)); // RFC 9293 MUST-55, RFC 6633
    }

    [Test]
    public void Segments_too_big_for_the_path_go_out_again_smaller_at_once_and_the_window_stays()
    {
        Trace trace = Trace.Established("mss 1460");
        trace.AppWrites(2920).StackSends("1:1461(1460) ack 1").StackSends("1461:2921(1460) ack 1");
        trace.At(0.010).RouterReports(Unreachable, FragmentationNeeded, quotedSeq: 1, mtu: 1240);
        trace.StackSends("1:1201(1200) ack 1").StackSends("1201:2401(1200) ack 1").StackSends("2401:2921(520) ack 1");
        Assert.That(trace.Socket.CongestionWindow, Is.GreaterThanOrEqualTo(10 * 1200)); // RFC 1191 §6.4
        trace.PeerSends("1:1(0) ack 2921").AppWrites(1201);
        trace.StackSends("2921:4121(1200) ack 1").StackSends("4121:4122(1) ack 1");
    }

    [Test]
    public void No_report_makes_segments_smaller_than_512_octets()
    {
        Trace trace = Trace.Established("mss 1460");
        trace.AppWrites(1024).StackSends("1:1025(1024) ack 1");
        trace.RouterReports(Unreachable, FragmentationNeeded, quotedSeq: 1, mtu: 68); // RFC 5927 §7.2
        trace.StackSends("1:513(512) ack 1").StackSends("513:1025(512) ack 1");
    }

    [TestCase(5000, (ushort)600, TestName = "A_report_about_what_was_never_sent_changes_nothing")]
    [TestCase(-5000, (ushort)600, TestName = "A_report_about_what_has_arrived_changes_nothing")]
    [TestCase(1, (ushort)1500, TestName = "A_report_of_the_MTU_that_we_use_changes_nothing")]
    public void Ignored(int quotedSeq, ushort mtu)
    {
        Trace trace = Trace.Established("mss 1460");
        trace.AppWrites(1460).Skip().RouterReports(Unreachable, FragmentationNeeded, quotedSeq, mtu).StackIsSilent();
        Assert.That(trace.Socket.SegmentSize, Is.EqualTo(1460));
    }
}

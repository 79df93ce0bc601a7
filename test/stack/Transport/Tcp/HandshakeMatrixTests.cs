using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>
/// CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED and TIME-WAIT meet every kind of segment (RFC 9293 §3.10.7.1 to §3.10.7.4). The
/// synchronized states are <see cref="StateSegmentMatrixTests"/>'.
/// </summary>
public class HandshakeMatrixTests
{
    private const string Silence = "";

    [TestCase("R 0:0(0)", Silence)]
    [TestCase("R. 0:0(0) ack 5", Silence)]
    [TestCase("S 0:0(0)", "R. 0:0(0) ack 1")]
    [TestCase("S 0:5(5)", "R. 0:0(0) ack 6")]
    [TestCase("S 0:0(0) <mss 1000,TS val 7 ecr 0>", "R. 0:0(0) ack 1")]
    [TestCase("S. 0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("0:5(5) ack 5", "R 5:5(0)")]
    [TestCase("0:5(5)", "R. 0:0(0) ack 5")]
    [TestCase("F. 0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("F 0:0(0)", "R. 0:0(0) ack 1")]
    public void CLOSED(string segment, string answer)
    {
        Trace trace = new Trace().AppListens();
        trace.Socket.Close(trace.Now);
        Meet(trace, segment, answer);
    }

    [TestCase("R 0:0(0)", Silence)]
    [TestCase("R. 0:0(0) ack 5", Silence)]
    [TestCase("0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("0:5(5) ack 5", "R 5:5(0)")]
    [TestCase("S. 0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("F. 0:0(0) ack 5", "R 5:5(0)")]
    [TestCase("0:0(0)", Silence)]
    [TestCase("0:5(5)", Silence)]
    [TestCase("F 0:0(0)", Silence)]
    [TestCase("S 0:0(0)", "S. 0:0(0) ack 1")]
    [TestCase("S 0:5(5)", "S. 0:0(0) ack 1", Description = "the data is the peer's to send again")]
    [TestCase("S 0:0(0) <mss 1000,sackOK,TS val 7 ecr 0,wscale 2>", "S. 0:0(0) ack 1 <mss 1460,sackOK,TS val * ecr 7,wscale 7>")]
    public void LISTEN(string segment, string answer)
    {
        Trace trace = new Trace().AppListens();
        Meet(trace, segment, answer);
        trace.StateIs("LISTEN");
        Assert.That(trace.Socket.TryAccept(out _), Is.False);
    }

    [TestCase("S. 0:0(0) ack 1", "1:1(0) ack 1", "ESTABLISHED")]
    [TestCase("S. 0:5(5) ack 1", "1:1(0) ack 6", "ESTABLISHED")]
    [TestCase("SF. 0:0(0) ack 1", "1:1(0) ack 2", "CLOSE-WAIT")]
    [TestCase("S. 0:0(0) ack 0", "R 0:0(0)", "SYN-SENT")]
    [TestCase("S. 0:0(0) ack 2", "R 2:2(0)", "SYN-SENT")]
    [TestCase("0:0(0) ack 0", "R 0:0(0)", "SYN-SENT")]
    [TestCase("0:0(0) ack 2", "R 2:2(0)", "SYN-SENT")]
    [TestCase("0:0(0) ack 1", Silence, "SYN-SENT")]
    [TestCase("0:5(5) ack 1", Silence, "SYN-SENT")]
    [TestCase("0:5(5)", Silence, "SYN-SENT")]
    [TestCase("F. 0:0(0) ack 1", Silence, "SYN-SENT")]
    [TestCase("F 0:0(0)", Silence, "SYN-SENT")]
    [TestCase("R. 0:0(0) ack 1", Silence, "CLOSED")]
    [TestCase("R. 0:0(0) ack 0", Silence, "SYN-SENT")]
    [TestCase("R. 0:0(0) ack 2", Silence, "SYN-SENT")]
    [TestCase("R 0:0(0)", Silence, "SYN-SENT")]
    [TestCase("S 0:0(0)", "S. 0:0(0) ack 1", "SYN-RECEIVED")]
    [TestCase("S 0:0(0) <mss 1000,TS val 7 ecr 0>", "S. 0:0(0) ack 1 <TS val * ecr 7>", "SYN-RECEIVED")]
    public void SYN_SENT(string segment, string answer, string next)
    {
        Trace trace = new Trace().AppConnects().Skip();
        Meet(trace, segment, answer);
        trace.StateIs(next);
    }

    /// <summary>After a passive open nobody has a socket yet: what became of it shows by the ACK that follows.</summary>
    [TestCase("R 100:100(0)", "1:1(0) ack 1", true, Description = "RFC 5961 §3.2")]
    [TestCase("R 0:0(0)", Silence, true)]
    [TestCase("R 1:1(0)", Silence, false, Description = "back to LISTEN")]
    [TestCase("R. 1:1(0) ack 1", Silence, false)]
    [TestCase("1:1(0) ack 2", "R 2:2(0)", true)]
    [TestCase("1:1(0) ack 0", "R 0:0(0)", true)]
    [TestCase("1:6(5) ack 2", "R 2:2(0)", true)]
    [TestCase("0:0(0) ack 1", "1:1(0) ack 1", true)]
    [TestCase("-4:1(5) ack 1", "1:1(0) ack 1", true)]
    [TestCase("70000:70005(5) ack 1", "1:1(0) ack 1", true)]
    [TestCase("F. 70000:70000(0) ack 1", "1:1(0) ack 1", true)]
    [TestCase("S 0:0(0)", "S. 0:0(0) ack 1", true)]
    [TestCase("S 1:1(0)", "1:1(0) ack 1", true, Description = "RFC 5961 §4.2, where RFC 9293 would go back to LISTEN")]
    [TestCase("S 70000:70000(0)", "1:1(0) ack 1", true)]
    [TestCase("S. 0:0(0) ack 1", "1:1(0) ack 1", true)]
    [TestCase("S. 1:1(0) ack 1", "1:1(0) ack 1", true)]
    [TestCase("1:1(0)", Silence, true)]
    [TestCase("1:6(5)", Silence, true)]
    [TestCase("F 1:1(0)", Silence, true)]
    public void SYN_RECEIVED_after_a_passive_open(string segment, string answer, bool stays)
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        Meet(trace, segment, answer);
        Assert.That(trace.Socket.TryAccept(out _), Is.False);
        trace.PeerSends("1:1(0) ack 1");
        if (stays)
            trace.StackIsSilent().AppAccepts().StateIs("ESTABLISHED");
        else
            trace.StackSends("R 1:1(0)");
    }

    [TestCase("1:1(0) ack 1", Silence, "ESTABLISHED")]
    [TestCase("1:6(5) ack 1", "1:1(0) ack 6", "ESTABLISHED")]
    [TestCase("F. 1:1(0) ack 1", "1:1(0) ack 2", "CLOSE-WAIT")]
    [TestCase("F. 1:6(5) ack 1", "1:1(0) ack 7", "CLOSE-WAIT")]
    public void SYN_RECEIVED_ends_with_the_ACK_of_the_SYN(string segment, string answer, string next)
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        Meet(trace, segment, answer);
        trace.AppAccepts().StateIs(next);
    }

    [TestCase("1:1(0) ack 1 <TS val 699 ecr 0>", "1:1(0) ack 1 <TS val * ecr 700>", false)]
    [TestCase("1:1(0) ack 1 <TS val 700 ecr 0>", Silence, true)]
    [TestCase("1:1(0) ack 1 <TS val 701 ecr 0>", Silence, true)]
    public void SYN_RECEIVED_with_timestamps(string segment, string answer, bool ends)
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) <mss 1000,TS val 700 ecr 0>").StackSends("S. 0:0(0) ack 1");
        Meet(trace, segment, answer);
        Assert.That(trace.Socket.TryAccept(out _), Is.EqualTo(ends)); // RFC 7323 §5.3
    }

    [TestCase("S. 0:0(0) ack 1", Silence, "ESTABLISHED")]
    [TestCase("1:1(0) ack 1", Silence, "ESTABLISHED")]
    [TestCase("F. 1:1(0) ack 1", "1:1(0) ack 2", "CLOSE-WAIT")]
    [TestCase("R 1:1(0)", Silence, "CLOSED")]
    [TestCase("R 100:100(0)", "1:1(0) ack 1", "SYN-RECEIVED")]
    [TestCase("R 0:0(0)", Silence, "SYN-RECEIVED")]
    [TestCase("1:1(0) ack 2", "R 2:2(0)", "SYN-RECEIVED")]
    [TestCase("S 0:0(0)", "S. 0:0(0) ack 1", "SYN-RECEIVED")]
    [TestCase("S 1:1(0)", "1:1(0) ack 1", "SYN-RECEIVED")]
    [TestCase("S. 0:0(0) ack 2", "1:1(0) ack 1", "SYN-RECEIVED")]
    public void SYN_RECEIVED_after_a_simultaneous_open(string segment, string answer, string next)
    {
        Trace trace = new Trace().AppConnects().Skip();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        Meet(trace, segment, answer);
        trace.StateIs(next);
    }

    /// <summary>SYNs that open the connection again are <see cref="TimeWaitTraces"/>'.</summary>
    [TestCase("2:2(0) ack 2", Silence, true)]
    [TestCase("2:2(0) ack 100", Silence, true)]
    [TestCase("2:2(0)", Silence, true)]
    [TestCase("1:1(0) ack 2", "2:2(0) ack 2", true)]
    [TestCase("1:1(0) ack 1", "2:2(0) ack 2", true)]
    [TestCase("1:6(5) ack 2", "2:2(0) ack 2", true)]
    [TestCase("2:7(5) ack 2", "2:2(0) ack 2", true)]
    [TestCase("100000000:100000005(5) ack 2", "2:2(0) ack 2", true)]
    [TestCase("F. 1:1(0) ack 2", "2:2(0) ack 2", true)]
    [TestCase("S 1:1(0)", "2:2(0) ack 2", true)]
    [TestCase("S. 1:1(0) ack 2", "2:2(0) ack 2", true)]
    [TestCase("R 1:1(0)", Silence, true)]
    [TestCase("R 100:100(0)", Silence, true)]
    [TestCase("R 2:2(0)", Silence, false)]
    [TestCase("R. 2:2(0) ack 2", Silence, false)]
    public void TIME_WAIT(string segment, string answer, bool stays)
    {
        Trace trace = Trace.Established().AppFinishesSending().Skip();
        trace.PeerSends("F. 1:1(0) ack 2").StackSends("2:2(0) ack 2").StateIs("TIME-WAIT");
        Meet(trace, segment, answer);
        trace.PeerSends("2:2(0) ack 2");
        if (stays)
            trace.StackIsSilent();
        else
            trace.StackSends("R 2:2(0)");
    }

    private static void Meet(Trace trace, string segment, string answer)
    {
        trace.PeerSends(segment);
        if (answer != Silence)
            trace.StackSends(answer);
        trace.StackIsSilent();
        Assert.That(trace.FramesOutstanding, Is.Zero);
    }
}

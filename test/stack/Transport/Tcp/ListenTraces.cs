using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>A listener's two queues: too many SYNs, too few accepts (listen(2), RFC 4987).</summary>
public class ListenTraces
{
    private const int SynQueue = 128;
    private const string OfferOfAll = "mss 1220,sackOK,TS val 700 ecr 0,wscale 7";

    [Test]
    public void A_SYN_ACK_without_answer_goes_out_again_five_times_and_then_all_is_forgotten()
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) <mss 1000>");
        foreach (double second in new double[] { 0, 1, 3, 7, 15, 31 })
            trace.At(second).StackSends("S. 0:0(0) ack 1");
        trace.At(64).StackIsSilent();
        trace.PeerSends("1:1(0) ack 1").StackSends("R 1:1(0)");
    }

    [Test]
    public void A_repeated_SYN_is_answered_with_the_same_SYN_ACK()
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.At(0.5).PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
    }

    [Test]
    public void A_full_accept_queue_leaves_SYNs_without_answer_until_there_is_room()
    {
        Trace trace = new Trace().AppListens(backlog: 0); // admits one, as Linux
        Connect(trace, 40000);
        trace.PeerUsesPort(40001).PeerSends("S 0:0(0)").StackIsSilent();
        Assert.That(trace.Socket.TryAccept(out _));
        Connect(trace, 40001);
    }

    [Test]
    public void A_handshake_that_finds_the_accept_queue_full_ends_when_there_is_room()
    {
        Trace trace = new Trace().AppListens(backlog: 0);
        trace.PeerUsesPort(40000).PeerSends("S 0:0(0)").StackSends("S. 0:0(0) ack 1");
        Connect(trace, 40001);
        trace.PeerUsesPort(40000).PeerSends("1:1(0) ack 1").StackIsSilent();
        Assert.That(trace.Socket.TryAccept(out _));
        Assert.That(trace.Socket.TryAccept(out _), Is.False);
        trace.At(1).StackSends("S. 0:0(0) ack 1"); // it asks again
        trace.PeerSends("1:1(0) ack 1").AppAccepts().StateIs("ESTABLISHED");
    }

    [Test]
    public void Under_a_flood_a_cookie_opens_a_connection_with_all_its_options()
    {
        Trace trace = Flooded();
        trace.PeerSends($"S 0:0(0) win 1000 <{OfferOfAll}>");
        trace.StackSends("S. 0:0(0) ack 1 <mss 1460,sackOK,wscale 7,TS val * ecr 700>");
        trace.PeerSends($"1:1(0) ack 1 win 24 <TS val 701 ecr {trace.LastTimestamp}>").AppAccepts();
        trace.AppWrites(4000); // 24 << 7 = 3072: the scale was in the cookie
        trace.StackSends("1:1209(1208) ack 1 <TS val * ecr 701>").StackSends("1209:2417(1208) ack 1").StackIsSilent();
        trace.PeerSends("6:11(5) ack 1 win 24 <TS val 702 ecr 0>").StackSends("2417:2417(0) ack 1 <sack 6:11>");
    }

    [Test]
    public void Without_timestamps_a_cookie_keeps_the_MSS_alone()
    {
        Trace trace = Flooded();
        trace.PeerSends("S 0:0(0) win 1000 <mss 1300,sackOK,wscale 7>").StackSends("S. 0:0(0) ack 1 <mss 1460>");
        trace.PeerSends("1:1(0) ack 1 win 24000").AppAccepts();
        trace.AppWrites(1300).StackSends("1:1301(1300) ack 1");
    }

    [Test]
    public void A_cookie_may_come_back_with_data()
    {
        Trace trace = Flooded();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.PeerSends("1:6(5) ack 1", "hello").AppAccepts().AppReads("hello").StackSends("1:1(0) ack 6");
    }

    [Test]
    public void A_forged_cookie_is_refused()
    {
        Trace trace = Flooded();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.PeerSends("1:1(0) ack 1000").StackSends("R 1000:1000(0)");
        trace.PeerSends("5:5(0) ack 1").StackSends("R 1:1(0)"); // for another number of the peer's
        Assert.That(trace.Socket.TryAccept(out _), Is.False);
    }

    [Test]
    public void A_cookie_of_two_minutes_ago_is_refused()
    {
        Trace trace = Flooded();
        trace.PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.At(120).Skip().PeerSends("1:1(0) ack 1").StackSends("R 1:1(0)");
    }

    [Test]
    public void A_flood_takes_bounded_memory_and_ends()
    {
        Trace trace = Flooded();
        for (ushort port = 50_000; port < 51_000; port++)
            trace.PeerUsesPort(port).PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.At(64).Skip(); // the half-open ones are forgotten, those with cookies never were remembered
        Connect(trace, 40000);
        Assert.That(trace.FramesOutstanding, Is.Zero);
    }

    private static void Connect(Trace trace, ushort port)
    {
        trace.PeerUsesPort(port).PeerSends("S 0:0(0) <mss 1000>").StackSends("S. 0:0(0) ack 1");
        trace.PeerSends("1:1(0) ack 1").StackIsSilent();
    }

    /// <summary>As many half-open connections as are remembered.</summary>
    private static Trace Flooded()
    {
        Trace trace = new Trace().AppListens();
        for (int count = 0; count < SynQueue; count++)
            trace.PeerUsesPort((ushort)(30_000 + count)).PeerSends("S 0:0(0)").StackSends("S. 0:0(0) ack 1");
        return trace.PeerUsesPort(45_000);
    }
}

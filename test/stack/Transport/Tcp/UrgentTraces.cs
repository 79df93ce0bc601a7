using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Urgent octets (RFC 9293 §3.8.5, RFC 6093; tcp(7) as Linux does it).</summary>
public class UrgentTraces
{
    [Test]
    public void The_pointer_stands_behind_the_urgent_octet()
    {
        Trace trace = Trace.Established();
        WriteUrgent(trace, "abc").StackSends("U. 1:4(3) ack 1 urg 3"); // MUST-62
        trace.PeerSends("1:1(0) ack 4");
        trace.AppWrites("def").StackSends("4:7(3) ack 1");
    }

    [Test]
    public void More_may_have_been_written_behind_it()
    {
        Trace trace = Trace.Established();
        trace.Socket.Cork = true;
        trace.AppWrites("abcdef").Socket.MarkUrgent(behind: 3, trace.Now);
        trace.StackSends("U. 1:7(6) ack 1 urg 3");
    }

    [Test]
    public void All_segments_before_it_tell_of_it_and_none_behind()
    {
        Trace trace = Trace.Established();
        WriteUrgent(trace, new string('x', 1500)).StackSends("U. 1:1001(1000) ack 1 urg 1500");
        trace.StackSends("U. 1001:1501(500) ack 1 urg 500"); // MUST-31
        trace.Socket.NoDelay = true;
        trace.AppWrites("y").StackSends("1501:1502(1) ack 1");
    }

    [Test]
    public void What_is_sent_again_tells_of_it_again()
    {
        Trace trace = Trace.Established();
        WriteUrgent(trace, "abc").Skip();
        trace.At(0.200).StackSends("U. 1:4(3) ack 1 urg 3");
    }

    [Test]
    public void The_peer_hears_of_it_although_its_window_is_closed()
    {
        Trace trace = Trace.Established(peerWindow: 4);
        trace.AppWrites("abcd").StackSends("1:5(4) ack 1");
        trace.PeerSends("1:1(0) ack 5 win 0");
        WriteUrgent(trace, "!").StackIsSilent();
        trace.At(0.200).StackSends("U. 5:5(0) ack 1 urg 1").StackSends("U. 4:4(0) ack 1 urg 2");
        trace.PeerSends("1:2(1) ack 5 win 0").StackSends("U. 5:5(0) ack 2 urg 1");
    }

    [Test]
    public void Nagle_does_not_hold_it_back()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites("b").StackIsSilent();
        WriteUrgent(trace, "!").StackSends("U. 2:4(2) ack 1 urg 2");
    }

    [Test]
    public void Of_one_that_is_too_far_ahead_a_later_segment_tells()
    {
        Trace trace = Trace.Established("mss 1000,wscale 7", peerWindow: 65535);
        WriteUrgent(trace, new string('x', 66_000)).StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1001 win 2000");
        while (trace.HasSent)
        {
            TraceSegment sent = trace.TakeSent();
            int distance = 66_001 - (int)sent.Seq;
            Assert.That(sent.Urgent, Is.EqualTo(distance > ushort.MaxValue ? 0 : distance));
            trace.PeerSends($"1:1(0) ack {sent.Seq + sent.Length} win 2000");
        }
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void A_reset_tells_of_nothing()
    {
        Trace trace = Trace.Established(peerWindow: 1);
        WriteUrgent(trace, "abc").Skip();
        trace.AppAborts().StackSends("R. 2:2(0) ack 1");
    }

    [Test]
    public void The_program_learns_where_the_urgent_octet_stands()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("U. 1:6(5) ack 1 urg 3", "abcde");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(2));
        trace.AppReads(2);
        Assert.That(trace.Socket.UrgentOffset, Is.Zero);
        trace.AppReads(1);
        Assert.That(trace.Socket.UrgentOffset, Is.Null);
        trace.AppReads("de");
    }

    [Test]
    public void It_learns_although_its_window_is_closed()
    {
        Trace trace = Trace.Established();
        for (int seq = 1; trace.OfferedEdge - seq > 0; seq += 1000)
        {
            trace.PeerSends($"{seq}:{seq + 1000}(1000) ack 1").At(0.050 * ((seq / 1000) + 1));
            while (trace.HasSent)
                trace.TakeSent();
        }
        int edge = (int)trace.OfferedEdge;
        trace.PeerSends($"U. {edge}:{edge}(0) ack 1 urg 1"); // MUST-66
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(trace.Socket.ReceivedOctets));
    }

    [Test]
    public void It_learns_before_the_octet_comes()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("U. 1:4(3) ack 1 urg 10", "abc");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(9));
        trace.AppReads("abc");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(6));
        trace.PeerSends("U. 4:4(0) ack 1 urg 7");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(6));
    }

    [Test]
    public void A_later_one_takes_its_place_and_an_older_one_does_not()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("U. 1:4(3) ack 1 urg 3", "abc");
        trace.PeerSends("U. 4:7(3) ack 1 urg 2", "def");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(4)); // RCV.UP is the larger
        trace.PeerSends("U. 1:4(3) ack 1 urg 3", "abc"); // a duplicate, which is not acceptable
        trace.PeerSends("U. 7:8(1) ack 1 urg 0");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(4));
    }

    [Test]
    public void One_that_was_read_is_not_told_again()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("U. 1:4(3) ack 1 urg 3", "abc").AppReads("abc");
        trace.PeerSends("U. 2:6(4) ack 1 urg 2");
        Assert.That(trace.Socket.UrgentOffset, Is.Null);
        Assert.That(trace.Socket.ReceivedOctets, Is.EqualTo(2));
    }

    [Test]
    public void The_last_octet_before_the_end_is_told()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("UF. 1:4(3) ack 1 urg 3", "abc");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(2));
        trace.AppReads("abc");
        Assert.That(trace.Socket.UrgentOffset, Is.Null);
    }

    [Test]
    public void Behind_a_gap_it_is_told_and_counted_from_what_is_there()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("U. 4:7(3) ack 1 urg 1", "def");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(3));
        trace.PeerSends("1:4(3) ack 1", "abc");
        Assert.That(trace.Socket.UrgentOffset, Is.EqualTo(3));
        trace.AppReads("abcdef");
    }

    private static Trace WriteUrgent(Trace trace, string text)
    {
        for (int written = 0; written < text.Length;)
        {
            Span<byte> span = trace.Socket.GetSendSpan();
            int count = Math.Min(span.Length, text.Length - written);
            System.Text.Encoding.ASCII.GetBytes(text.AsSpan(written, count), span);
            trace.Socket.CommitSend(count, trace.Now);
            written += count;
        }
        trace.Socket.MarkUrgent(behind: 0, trace.Now);
        return trace;
    }
}

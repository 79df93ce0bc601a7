using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>The send variables over more octets than the sequence space has.</summary>
public class SenderTests
{
    private const int GigaByte = 1 << 30;

    [Test]
    public void When_the_numbers_are_at_the_ISS_again_the_data_still_begins_at_Snd_Una()
    {
        Sender sender = Established(out SequenceNumber iss);
        for (int count = 0; count < 4; count++)
            SendAndAcknowledge(sender, count < 3 ? GigaByte : GigaByte - 1);
        Assert.That(sender.Una, Is.EqualTo(iss), "4 GB after the SYN");
        sender.GetWriteSpan()[..3].Fill(1);
        sender.Buffer.Commit(3);
        Assert.That(sender.DataStart, Is.EqualTo(sender.Una));
        Assert.That(sender.UnsentOctets, Is.EqualTo(3));
    }

    [Test]
    public void A_partial_segment_of_gigabytes_ago_holds_none_back()
    {
        Sender sender = Established(out _);
        sender.OnSent(10, isPartial: true, isFin: false);
        Assert.That(sender.IsPartialInFlight, Is.True);
        sender.Acknowledge(sender.Nxt);
        for (int count = 0; count < 4; count++)
        {
            Assert.That(sender.IsPartialInFlight, Is.False, $"after {count} GB");
            SendAndAcknowledge(sender, GigaByte);
        }
    }

    private static Sender Established(out SequenceNumber iss)
    {
        Sender sender = new(new ChunkPool());
        iss = new SequenceNumber(0xffff_fff0);
        sender.Start(iss);
        SendAndAcknowledge(sender, 1); // the SYN
        return sender;
    }

    private static void SendAndAcknowledge(Sender sender, int octets)
    {
        sender.OnSent(octets, isPartial: false, isFin: false);
        sender.Acknowledge(sender.Nxt);
    }
}

using CsCheck;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class ReassemblyTests
{
    [Test]
    public void The_range_that_grew_last_is_reported_first()
    {
        Reassembly reassembly = new();
        Add(reassembly, 200, 300);
        Add(reassembly, 400, 500);
        Add(reassembly, 600, 700);
        Add(reassembly, 300, 350); // RFC 2018 §4: the block that holds the newest segment leads
        Assert.That(Blocks(reassembly, 4), Is.EqualTo("200-350 600-700 400-500"));
        Assert.That(Blocks(reassembly, 2), Is.EqualTo("200-350 600-700"));
    }

    [Test]
    public void A_filled_gap_moves_the_point_of_order_over_what_waited()
    {
        Reassembly reassembly = new();
        Add(reassembly, 200, 300);
        Add(reassembly, 400, 500);
        Assert.That(reassembly.Advance(new(150)), Is.EqualTo(new SequenceNumber(150)));
        Assert.That(reassembly.Advance(new(200)), Is.EqualTo(new SequenceNumber(300)));
        Assert.That(Blocks(reassembly, 4), Is.EqualTo("400-500"));
        Assert.That(reassembly.Advance(new(450)), Is.EqualTo(new SequenceNumber(500)));
        Assert.That(reassembly.IsEmpty);
    }

    [Test]
    public void A_duplicate_beyond_the_point_of_order_is_reported_once_before_its_range()
    {
        Reassembly reassembly = new();
        Add(reassembly, 200, 400);
        Add(reassembly, 250, 300); // RFC 2883 §4.2
        Assert.That(Blocks(reassembly, 3), Is.EqualTo("250-300 200-400"));
        Assert.That(Blocks(reassembly, 3), Is.EqualTo("200-400"));
    }

    [Test]
    public void A_duplicate_below_the_point_of_order_is_reported_alone()
    {
        Reassembly reassembly = new();
        reassembly.ReportDuplicate(new(50), new(100));
        Assert.That(reassembly.HasDuplicate);
        Assert.That(Blocks(reassembly, 3), Is.EqualTo("50-100"));
        Assert.That(reassembly.HasDuplicate, Is.False);
    }

    [Test]
    public void Ranges_are_bounded()
    {
        Reassembly reassembly = new();
        for (uint index = 0; index < Reassembly.MaxRanges; index++)
            Assert.That(reassembly.Add(new(10 * index), new((10 * index) + 5)));
        Assert.That(reassembly.Add(new(100_000), new(100_001)), Is.False);
        Assert.That(reassembly.Add(new(5), new(10)), "what joins two ranges needs no room");
    }

    [Test]
    public void Segments_in_any_order_end_in_one_stretch() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[1, 12]).Array[1, 40].Sample(segments =>
        {
            // A place in the ring where the wrap is near.
            SequenceNumber nxt = new(0xfffffff0);
            Reassembly reassembly = new();
            bool[] arrived = new bool[80];
            foreach ((int offset, int length) in segments)
            {
                arrived.AsSpan(1 + offset, length).Fill(true);
                reassembly.Add(nxt + 1 + offset, nxt + 1 + offset + length);
            }
            int reach = arrived.AsSpan(1).IndexOf(false);
            SequenceNumber end = reassembly.Advance(nxt + 1);
            return end - nxt == 1 + reach;
        });

    private static void Add(Reassembly reassembly, uint start, uint end) =>
        Assert.That(reassembly.Add(new(start), new(end)));

    private static string Blocks(Reassembly reassembly, int room)
    {
        SackBlock[] blocks = new SackBlock[room];
        return string.Join(' ', blocks.Take(reassembly.TakeSackBlocks(blocks)).Select(block => $"{block.Start}-{block.End}"));
    }
}

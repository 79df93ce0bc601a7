using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Ten segments of 100 octets, 0 to 1000, are on their way.</summary>
public class SackScoreboardTests
{
    private const int Smss = 100;
    private static readonly SequenceNumber Nxt = new(1000);

    [Test]
    public void Three_segments_above_make_one_lost()
    {
        SackScoreboard board = Board((100, 200));
        Assert.That(board.IsLost(new(0), Smss), Is.False);
        board.Update(new(0), Nxt, [Block(100, 300)]);
        Assert.That(board.IsLost(new(0), Smss), Is.False, "exactly two segments are not more than two");
        board.Update(new(0), Nxt, [Block(100, 400)]);
        Assert.That(board.IsLost(new(0), Smss));
        Assert.That(board.IsLost(new(400), Smss), Is.False);
    }

    [Test]
    public void Three_ranges_above_make_one_lost_however_short_they_are()
    {
        SackScoreboard board = Board((110, 111), (120, 121), (130, 131));
        Assert.That(board.IsLost(new(0), Smss));
        Assert.That(board.IsLost(new(115), Smss), Is.False);
    }

    [Test]
    public void The_pipe_leaves_out_what_is_lost_and_what_has_arrived()
    {
        SackScoreboard board = Board((100, 400), (500, 600));
        // 0-100 is lost; 400-500 is not yet (one range, one segment above); 600-1000 is on its way.
        Assert.That(board.SetPipe(Nxt, Smss), Is.EqualTo(500));
        board.BeginRecovery(Nxt);
        board.OnRetransmitted(Block(0, 100), NextSegment.Lost);
        Assert.That(board.SetPipe(Nxt, Smss), Is.EqualTo(600));
    }

    [Test]
    public void NextSeg_takes_lost_then_new_then_a_hole_then_the_end_once()
    {
        SackScoreboard board = Board((100, 400), (500, 600));
        board.BeginRecovery(Nxt);
        Assert.That(Next(board, canSendNew: true), Is.EqualTo((NextSegment.Lost, Block(0, 100))));
        Assert.That(board.NextSeg(Nxt, Smss, canSendNew: true, out _), Is.EqualTo(NextSegment.NewData));
        Assert.That(Next(board, canSendNew: false), Is.EqualTo((NextSegment.Hole, Block(400, 500))));
        Assert.That(Next(board, canSendNew: false), Is.EqualTo((NextSegment.Rescue, Block(900, 1000))));
        Assert.That(board.NextSeg(Nxt, Smss, canSendNew: false, out _), Is.EqualTo(NextSegment.None));
    }

    [Test]
    public void After_a_timeout_all_that_has_not_arrived_is_sent_again_from_the_start()
    {
        SackScoreboard board = Board((100, 200));
        board.OnTimeout(Nxt);
        Assert.That(board.SetPipe(Nxt, Smss), Is.Zero);
        Assert.That(Next(board, canSendNew: true), Is.EqualTo((NextSegment.Lost, Block(0, 100))));
        Assert.That(Next(board, canSendNew: true), Is.EqualTo((NextSegment.Lost, Block(200, 300))));
        Assert.That(board.SetPipe(Nxt, Smss), Is.EqualTo(200));
    }

    [Test]
    public void A_peer_that_threw_away_what_it_reported_is_not_believed_after_a_timeout()
    {
        SackScoreboard board = Board((100, 200));
        board.Update(new(100), Nxt, []); // it acknowledges up to the range, but not the range
        board.OnTimeout(Nxt);
        Assert.That(board.IsEmpty);
        Assert.That(Next(board, canSendNew: false), Is.EqualTo((NextSegment.Lost, Block(100, 200))));
    }

    [Test]
    public void Blocks_beyond_what_was_sent_or_below_the_ACK_are_not_believed()
    {
        SackScoreboard board = Board();
        Assert.That(board.Update(new(100), Nxt, [Block(900, 1100), Block(0, 50), Block(300, 200)]), Is.Zero);
        Assert.That(board.IsEmpty);
    }

    [Test]
    public void A_block_that_goes_around_the_ring_is_not_believed()
    {
        SackScoreboard board = Board();
        Assert.That(board.Update(new(100), Nxt, [Block(1_500_000_000, 3_500_000_000)]), Is.Zero);
        Assert.That(board.Update(new(100), Nxt, [Block(2000, 2_147_480_000)]), Is.Zero);
        Assert.That(board.IsEmpty);
    }

    [Test]
    public void An_ACK_forgets_the_ranges_it_passes()
    {
        SackScoreboard board = Board((100, 200), (300, 400));
        Assert.That(board.Update(new(350), Nxt, []), Is.LessThanOrEqualTo(0));
        Assert.That(board.SackedOctets, Is.EqualTo(50));
    }

    [Test]
    public void A_duplicate_is_known_by_its_place()
    {
        Assert.That(SackScoreboard.TryGetDuplicate(new(500), [Block(400, 500)], out _));
        Assert.That(SackScoreboard.TryGetDuplicate(new(500), [Block(700, 800), Block(600, 900)], out _));
        Assert.That(SackScoreboard.TryGetDuplicate(new(500), [Block(600, 900), Block(1000, 1100)], out _), Is.False);
        Assert.That(SackScoreboard.TryGetDuplicate(new(500), [], out _), Is.False);
    }

    private static SackScoreboard Board(params (uint Start, uint End)[] ranges)
    {
        SackScoreboard board = new();
        board.Reset(new(0));
        foreach ((uint start, uint end) in ranges)
            board.Update(new(0), Nxt, [Block(start, end)]);
        return board;
    }

    private static (NextSegment Rule, SackBlock Range) Next(SackScoreboard board, bool canSendNew)
    {
        NextSegment rule = board.NextSeg(Nxt, Smss, canSendNew, out SackBlock range);
        board.OnRetransmitted(range, rule);
        return (rule, range);
    }

    private static SackBlock Block(uint start, uint end) => new(new(start), new(end));
}

using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Ten segments of 100 octets, 0 to 1000, were sent at the moments 0 to 9.</summary>
public class TransmissionsTests
{
    private const int Smss = 100;

    private Transmissions _flight = new();
    private Rack _rack = new();

    [SetUp]
    public void Send_ten()
    {
        (_flight, _rack) = (new(), new());
        for (int number = 0; number < 10; number++)
            _flight.Add(new((uint)(100 * number)), new((uint)((100 * number) + 100)), segments: 1, new(number));
        _rack.Begin(new(100), default, echo: null, TimeSpan.Zero);
    }

    [Test]
    public void Every_octet_is_in_flight_lost_or_reported()
    {
        Assert.That(_flight.Sack(Block(300, 500), _rack), Is.EqualTo(200));
        Assert.That(_flight.Sack(Block(300, 600), _rack), Is.EqualTo(100), "what was known does not count again");
        _flight.DetectLoss(_rack, TimeSpan.Zero, new(100));
        Assert.That(Counts, Is.EqualTo((InFlight: 400, Lost: 300, Arrived: 300)));
        Assert.That(_flight.InFlightSegments, Is.EqualTo(4));
        Assert.That(_flight.ArrivedSegments, Is.EqualTo(3));
        Assert.That(_flight.Acknowledge(new(350), _rack), Is.EqualTo(300), "the rest of it had been reported");
        Assert.That(Counts, Is.EqualTo((InFlight: 400, Lost: 0, Arrived: 250)));
    }

    [Test]
    public void Only_what_was_sent_before_something_that_arrived_is_lost()
    {
        _flight.Sack(Block(300, 400), _rack);
        TimeSpan wait = _flight.DetectLoss(_rack, TimeSpan.FromTicks(2), new(100));
        // 300 was sent at 3 and had a round trip of 97: what was sent at 1 may come until 100, at 2 until 101.
        Assert.That(Counts.Lost, Is.EqualTo(200));
        Assert.That(wait, Is.EqualTo(TimeSpan.FromTicks(1)));
        _flight.DetectLoss(_rack, TimeSpan.FromTicks(2), new(101));
        Assert.That(Counts.Lost, Is.EqualTo(300));
    }

    [Test]
    public void What_is_lost_goes_out_as_one_however_many_segments_it_was()
    {
        _flight.Sack(Block(550, 600), _rack);
        _flight.DetectLoss(_rack, TimeSpan.Zero, new(100));
        Assert.That(_flight.TryFindLost(300, out SackBlock range));
        Assert.That(range, Is.EqualTo(Block(0, 300)));
        _flight.SendAgain(range, segments: 3, new(100));
        Assert.That(_flight.TryFindLost(1000, out range));
        Assert.That(range, Is.EqualTo(Block(300, 550)));
        _flight.SendAgain(range, segments: 3, new(100));
        Assert.That(_flight.TryFindLost(1000, out _), Is.False);
        Assert.That(Counts, Is.EqualTo((InFlight: 950, Lost: 0, Arrived: 50)));
    }

    [Test]
    public void After_a_timeout_the_first_is_lost_and_all_that_is_old()
    {
        _flight.MarkLostOnTimeout(TimeSpan.FromTicks(95), Smss, new(100));
        Assert.That(Counts.Lost, Is.EqualTo(600)); // sent at 0 to 5
    }

    [Test]
    public void A_peer_that_has_thrown_the_first_away_has_nothing()
    {
        _flight.Sack(Block(0, 200), _rack);
        _flight.MarkLostOnTimeout(TimeSpan.FromSeconds(1), Smss, new(100));
        Assert.That(Counts, Is.EqualTo((InFlight: 800, Lost: 200, Arrived: 0)));
    }

    [TestCase(900, 1100)]
    [TestCase(1000, 1100)]
    [TestCase(-100, 100)]
    [TestCase(200, 200)]
    [TestCase(300, 200)]
    public void Reports_of_what_is_not_in_flight_are_not_believed(int start, int end)
    {
        Assert.That(_flight.Sack(Block(start, end), _rack), Is.Zero);
        Assert.That(Counts, Is.EqualTo((InFlight: 1000, Lost: 0, Arrived: 0)));
    }

    [Test]
    public void Not_too_many_ranges_are_kept()
    {
        _flight.Add(new(1000), new(100_000), segments: 990, new(10));
        for (int start = 1; start < 99_999; start += 2)
            _flight.Sack(Block(start, start + 1), _rack);
        Assert.That(_flight.ArrivedOctets, Is.EqualTo(Transmissions.MaxArrivedRuns));
        Assert.That(_flight.Acknowledge(new(100_000), _rack), Is.EqualTo(100_000 - Transmissions.MaxArrivedRuns));
        Assert.That(Counts, Is.EqualTo((InFlight: 0, Lost: 0, Arrived: 0)));
        Assert.That(_flight.InFlightSegments + _flight.ArrivedSegments, Is.Zero);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void The_sums_are_right_whatever_happens(int seed)
    {
        Random chance = new(seed);
        int una = 0, nxt = 1000;
        for (int step = 0; step < 20_000; step++)
        {
            Instant now = new(step + 100);
            _rack.Begin(now, default, echo: null, TimeSpan.Zero);
            int start = una + chance.Next(nxt - una + 1);
            switch (chance.Next(6))
            {
                case 0:
                    int length = chance.Next(1, 400);
                    _flight.Add(At(nxt), At(nxt + length), 1 + (length / Smss), now);
                    nxt += length;
                    break;
                case 1 when chance.Next(4) == 0:
                    _flight.Acknowledge(At(una = start), _rack);
                    break;
                case 2:
                    _flight.Sack(new(At(start), At(start + chance.Next(300))), _rack);
                    break;
                case 3:
                    _flight.DetectLoss(_rack, TimeSpan.FromTicks(chance.Next(50)), now);
                    break;
                case 4 when _flight.TryFindLost(chance.Next(1, 500), out SackBlock range):
                    _flight.SendAgain(range, 1 + (range.Length / Smss), now);
                    break;
                case 5 when chance.Next(50) == 0:
                    _flight.MarkLostOnTimeout(TimeSpan.Zero, Smss, now);
                    break;
            }
            Assert.That(Counts.InFlight + Counts.Lost + Counts.Arrived, Is.EqualTo(nxt - una), $"seed {seed}, step {step}");
            int least = Math.Min(Math.Min(Counts.InFlight, Counts.Lost), Math.Min(Counts.Arrived, _flight.InFlightSegments));
            Assert.That(least, Is.GreaterThanOrEqualTo(0), $"seed {seed}, step {step}");
        }
        _flight.Acknowledge(At(nxt), _rack);
        Assert.That(_flight.InFlightSegments + _flight.ArrivedSegments + Counts.Lost, Is.Zero);
    }

    private (int InFlight, int Lost, int Arrived) Counts =>
        (_flight.InFlightOctets, _flight.LostOctets, _flight.ArrivedOctets);

    private static SequenceNumber At(int place) => new(unchecked((uint)place));

    private static SackBlock Block(int start, int end) => new(At(start), At(end));
}

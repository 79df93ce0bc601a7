using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class SynCookiesTests
{
    private static readonly IpEndpoint Local = new(IpAddress.Parse("10.0.0.1"), 80);
    private static readonly IpEndpoint Remote = new(IpAddress.Parse("10.0.0.2"), 40000);
    private static readonly Instant Start = new(TimeSpan.TicksPerHour);

    private static readonly SequenceNumber Irs = new(0xffffff00);

    [TestCase(1460, 1460)]
    [TestCase(1459, 1440)]
    [TestCase(100, 536)]
    [TestCase(65535, 8960)]
    public void A_cookie_brings_the_MSS_back_rounded_down(int mss, int expected)
    {
        SynCookies cookies = new(Entropy.Seeded(1));
        SequenceNumber iss = cookies.Make(Local, Remote, Irs, (ushort)mss, Start);
        Assert.That(cookies.TryCheck(Local, Remote, iss, Irs, Start + TimeSpan.FromSeconds(50), out ushort back));
        Assert.That(back, Is.EqualTo(expected));
    }

    [Test]
    public void A_cookie_of_two_minutes_ago_another_peer_or_another_number_is_worth_nothing()
    {
        SynCookies cookies = new(Entropy.Seeded(1));
        SequenceNumber iss = cookies.Make(Local, Remote, Irs, 1460, Start);
        IpEndpoint stranger = Remote with { Port = 40001 };
        Assert.Multiple(() =>
        {
            Assert.That(cookies.TryCheck(Local, Remote, iss, Irs, Start + TimeSpan.FromMinutes(2), out _), Is.False);
            Assert.That(cookies.TryCheck(Local, stranger, iss, Irs, Start, out _), Is.False);
            Assert.That(cookies.TryCheck(Local, Remote, iss, Irs + 1000, Start, out _), Is.False);
            Assert.That(cookies.TryCheck(Local, Remote, iss + 1000, Irs, Start, out _), Is.False);
        });
    }

    [Test]
    public void The_timestamp_carries_the_options_and_never_runs_ahead()
    {
        foreach (uint clock in new uint[] { 0x1000, 0x103f, 0x1020 })
        {
            uint sent = SynCookies.EncodeOptions(clock, 9, sackPermitted: true, ecn: false);
            SynCookies.DecodeOptions(sent, out byte? scale, out bool sack, out bool ecn);
            Assert.That(sent, Is.LessThanOrEqualTo(clock));
            Assert.That((scale, sack, ecn), Is.EqualTo(((byte?)9, true, false)));
        }
        SynCookies.DecodeOptions(SynCookies.EncodeOptions(500, null, false, true), out byte? none, out _, out bool marked);
        Assert.That(none, Is.Null);
        Assert.That(marked);
    }

    [Test]
    public void An_ISS_grows_with_time_and_differs_between_connections()
    {
        IsnGenerator generator = new(ConnectionSecret.Create(Entropy.Seeded(1)));
        SequenceNumber first = generator.Next(Local, Remote, Start);
        Assert.That(generator.Next(Local, Remote, Start + TimeSpan.FromMilliseconds(1)) - first, Is.EqualTo(250));
        Assert.That(generator.Next(Local, Remote with { Port = 40001 }, Start), Is.Not.EqualTo(first));
        Assert.That(new IsnGenerator(ConnectionSecret.Create(Entropy.Seeded(2))).Next(Local, Remote, Start), Is.Not.EqualTo(first));
    }
}

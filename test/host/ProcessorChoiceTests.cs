using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>On a thread of its own, which keeps no other from a processor.</summary>
internal sealed unsafe class ProcessorChoiceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private ProcessorChoice _choice = new();
    private Instant _now;
    private long _octets;

    [SetUp]
    public void Begin() => (_choice, _now, _octets) = (new ProcessorChoice(), new Instant(TimeSpan.TicksPerDay), 0);

    [Test]
    public void While_much_passes_the_first_processor_is_left_and_then_it_is_taken_back() => OnThread(() =>
    {
        int[] all = Allowed();
        Assume.That(all, Has.Length.GreaterThan(1));
        Assert.That(Pass(octets: 0), Is.Null);
        Assert.That(Pass(ProcessorChoice.MuchOctets), Is.EqualTo(_now + ProcessorChoice.Period), "when it looks again");
        Assert.That(Allowed(), Is.EqualTo(all[1..]));
        Pass(ProcessorChoice.MuchOctets);
        Assert.That(Allowed(), Is.EqualTo(all[1..]));
        Assert.That(Pass(ProcessorChoice.MuchOctets - 1), Is.Null);
        Assert.That(Allowed(), Is.EqualTo(all));
    });

    [Test]
    public void What_has_passed_in_a_longer_time_is_not_much() => OnThread(() =>
    {
        int[] all = Allowed();
        Pass(octets: 0);
        _now += ProcessorChoice.Period;
        Pass(ProcessorChoice.MuchOctets);
        Assert.That(Allowed(), Is.EqualTo(all));
    });

    [Test]
    public void The_only_processor_is_not_left() => OnThread(() =>
    {
        int[] only = Allowed()[..1];
        Allow(only);
        Pass(octets: 0);
        Assert.That(Pass(ProcessorChoice.MuchOctets), Is.Null);
        Assert.That(Allowed(), Is.EqualTo(only));
    });

    [Test]
    public void What_the_user_has_set_meanwhile_stays() => OnThread(() =>
    {
        int[] all = Allowed();
        Assume.That(all, Has.Length.GreaterThan(1));
        Pass(octets: 0);
        Pass(ProcessorChoice.MuchOctets);
        Allow(all[..1]);
        Pass(octets: 0);
        Assert.That(Allowed(), Is.EqualTo(all[..1]));
    });

    private Instant? Pass(long octets)
    {
        _now += ProcessorChoice.Period;
        _octets += octets;
        return _choice.Advance(() => _octets, _now);
    }

    private static void OnThread(Action test)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                test();
            }
#pragma warning disable CA1031 // it is thrown again where NUnit sees it
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                failure = thrown;
            }
        });
        thread.Start();
        Assert.That(thread.Join(Patience), Is.True);
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>The processors that this thread may run on, the first 1,024 of them.</summary>
    private static int[] Allowed()
    {
        byte[] mask = new byte[128];
        fixed (byte* start = mask)
            Kernel.Check(Libc.sched_getaffinity(0, (nuint)mask.Length, start));
        return [.. Enumerable.Range(0, mask.Length * 8).Where(processor => (mask[processor / 8] >> (processor % 8) & 1) != 0)];
    }

    private static void Allow(int[] processors)
    {
        byte[] mask = new byte[128];
        foreach (int processor in processors)
            mask[processor / 8] |= (byte)(1 << (processor % 8));
        fixed (byte* start = mask)
            Kernel.Check(Libc.sched_setaffinity(0, (nuint)mask.Length, start));
    }
}

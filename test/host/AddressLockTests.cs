using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>Which of this machine's hosts was first to want an address.</summary>
internal sealed class AddressLockTests
{
    private readonly string _network = $"test-{Guid.NewGuid():n}";
    private readonly List<AddressLock> _locks = [];

    [TearDown]
    public void ReleaseAll()
    {
        foreach (AddressLock held in _locks)
            held.Dispose();
        _locks.Clear();
    }

    [Test]
    public void Of_two_hosts_with_one_address_the_first_has_the_lock_until_it_lets_go()
    {
        AddressLock first = LockOf("10.40.0.1"), second = LockOf("10.40.0.1");
        Assert.That((first.TryTake(_network), second.TryTake(_network)), Is.EqualTo((true, false)));
        Assert.That((first.TryTake(_network), first.IsHeld, second.IsHeld), Is.EqualTo((true, true, false)));

        first.Release();

        Assert.That((second.TryTake(_network), first.TryTake(_network)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Different_addresses_and_different_networks_do_not_meet()
    {
        Assert.That(LockOf("10.40.0.1").TryTake(_network), Is.True);
        Assert.That(LockOf("10.40.0.2").TryTake(_network), Is.True);
        Assert.That(LockOf("10.40.0.1").TryTake($"{_network}2"), Is.True);
    }

    [Test]
    public void A_network_that_only_this_host_knows_has_no_other()
    {
        Assert.That(LockOf("10.40.0.1").TryTake(null), Is.True);
        Assert.That(LockOf("10.40.0.1").TryTake(null), Is.True);
    }

    [Test]
    public void A_host_with_two_addresses_holds_both_or_none()
    {
        AddressLock other = LockOf("10.40.0.2"), both = LockOf("10.40.0.2", "10.40.0.1");
        Assert.That((other.TryTake(_network), both.TryTake(_network)), Is.EqualTo((true, false)));
        Assert.That(LockOf("10.40.0.1").TryTake(_network), Is.True, "the free one of the two");
    }

    [Test]
    public void In_another_network_it_takes_the_lock_there_and_leaves_the_first()
    {
        AddressLock moving = LockOf("10.40.0.1");
        Assert.That((moving.TryTake(_network), moving.TryTake($"{_network}2")), Is.EqualTo((true, true)));
        Assert.That(LockOf("10.40.0.1").TryTake(_network), Is.True);
        Assert.That(LockOf("10.40.0.1").TryTake($"{_network}2"), Is.False);
    }

    private AddressLock LockOf(params IEnumerable<string> addresses)
    {
        AddressLock made = new(addresses.Select(address => new IpPrefix(IpAddress.Parse(address), 24)));
        _locks.Add(made);
        return made;
    }
}

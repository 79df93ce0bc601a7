using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class SequenceNumberTests
{
    [Test]
    public void A_distance_is_right_across_the_wrap()
    {
        SequenceNumber before = new(0xfffffff0);
        SequenceNumber after = before + 0x20;
        Assert.Multiple(() =>
        {
            Assert.That(after, Is.EqualTo(new SequenceNumber(0x10)));
            Assert.That(after - before, Is.EqualTo(0x20));
            Assert.That(before - after, Is.EqualTo(-0x20));
            Assert.That(after - 0x20, Is.EqualTo(before));
            Assert.That(SequenceNumber.Later(before, after), Is.EqualTo(after));
            Assert.That(SequenceNumber.Earlier(before, after), Is.EqualTo(before));
        });
    }

    [TestCase(0xfffffff0u, true)]
    [TestCase(0x0000000fu, true)]
    [TestCase(0x00000010u, false)]
    [TestCase(0xffffffefu, false)]
    public void A_window_that_wraps_holds_its_places_and_no_others(uint place, bool inside) =>
        Assert.That(new SequenceNumber(place).IsInWindow(new(0xfffffff0), 0x20), Is.EqualTo(inside));

    [Test]
    public void An_empty_window_holds_nothing() =>
        Assert.That(new SequenceNumber(5).IsInWindow(new(5), 0), Is.False);
}

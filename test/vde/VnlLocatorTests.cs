namespace Pyco.Vde.Tests;

internal sealed class VnlLocatorTests
{
    [TestCase("/tmp/vde.ctl", "/tmp/vde.ctl", 0)]
    [TestCase("vde:///tmp/vde.ctl", "/tmp/vde.ctl", 0)]
    [TestCase("vde://relative", "relative", 0)]
    [TestCase("/tmp/vde.ctl[5]", "/tmp/vde.ctl", 5)]
    [TestCase("vde:///tmp/vde.ctl[17]", "/tmp/vde.ctl", 17)]
    [TestCase("/tmp/vde.ctl:5", "/tmp/vde.ctl", 5)]
    [TestCase("/tmp/a:b", "/tmp/a:b", 0)]
    [TestCase("/tmp/a:", "/tmp/a:", 0)]
    public void A_locator_is_a_path_and_perhaps_a_port(string text, string path, int port)
    {
        Assert.That(VnlLocator.TryParse(text, out VnlLocator? locator, out _), Is.True);
        Assert.That(locator, Is.EqualTo(new VnlLocator(path, port)));
    }

    [TestCase("", "no path")]
    [TestCase("vde://", "no path")]
    [TestCase("[3]", "no path")]
    [TestCase("tap://tap0", "'tap://' networks are not supported")]
    [TestCase("/tmp/s[0]", "from 1 to 65535")]
    [TestCase("/tmp/s[65536]", "from 1 to 65535")]
    [TestCase("/tmp/s[lan]", "from 1 to 65535")]
    public void What_is_none_is_told(string text, string expected)
    {
        Assert.That(VnlLocator.TryParse(text, out _, out string? error), Is.False);
        Assert.That(error, Does.Contain(expected));
    }
}

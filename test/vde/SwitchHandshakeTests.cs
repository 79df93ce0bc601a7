using System.Net.Sockets;
using System.Text;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Tests;

/// <summary>What is said to a switch, and what is told to the user when it does not answer as one.</summary>
internal sealed class SwitchHandshakeTests
{
    private readonly FramePool _frames = new();
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void The_request_is_what_a_switch_expects()
    {
        using FakeSwitch fake = FakeSwitch.ThatAnswers(_folder);
        using VdePlug plug = Plug(fake.Locator with { Port = 3 }, new string('d', 200));
        byte[] request = fake.Request;
        Assert.That(request, Has.Length.EqualTo(12 + 110 + 128));
        Assert.That(BitConverter.ToUInt32(request, 0), Is.EqualTo(0xfeedface));
        Assert.That(BitConverter.ToUInt32(request, 4), Is.EqualTo(3), "version");
        Assert.That(BitConverter.ToUInt32(request, 8), Is.EqualTo(3 << 8), "port 3, new");
        string name = Encoding.UTF8.GetString(request, 14, 108).TrimEnd('\0');
        Assert.That(name, Does.Match($@"^{_folder.Path}/\.{Environment.ProcessId:d5}-\d{{5}}$"));
        Assert.That(File.Exists(name), Is.False, "taken away after the handshake");
    }

    [Test]
    public void The_control_socket_itself_may_be_named()
    {
        using FakeSwitch fake = FakeSwitch.ThatAnswers(_folder);
        using VdePlug plug = Plug(new VnlLocator($"{fake.Path}/ctl"));
        Assert.That(plug.Descriptor, Is.Not.Negative);
    }

    [Test]
    public void Nothing_there_tells_how_to_start_a_switch() =>
        Expect(new VnlLocator($"{_folder.Path}/none"), VdeFailure.NoSwitch, $"vde_switch -s {_folder.Path}/none -d");

    [Test]
    public void A_folder_without_a_switch_is_no_switch() =>
        Expect(new VnlLocator(_folder.Path), VdeFailure.NoSwitch, "no switch at");

    [Test]
    public void A_plain_file_is_no_switch()
    {
        File.WriteAllText($"{_folder.Path}/file", "");
        Expect(new VnlLocator($"{_folder.Path}/file"), VdeFailure.NotASwitch, "is not a socket");
    }

    [Test]
    public void A_socket_that_its_switch_left_behind_is_told_from_none()
    {
        // Bound, and nobody listens: what is left when a switch is killed.
        using Socket stale = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stale.Bind(new UnixDomainSocketEndPoint($"{_folder.Path}/stale"));
        Expect(new VnlLocator($"{_folder.Path}/stale"), VdeFailure.NoSwitch, "the switch has ended");
    }

    [Test]
    public void A_silent_switch_is_given_up_after_five_seconds()
    {
        using FakeSwitch fake = FakeSwitch.ThatIsSilent(_folder);
        Expect(fake.Locator, VdeFailure.NoAnswer, "did not answer within 5 s");
    }

    [Test]
    public void A_switch_that_closes_refused_us()
    {
        using FakeSwitch fake = FakeSwitch.ThatCloses(_folder);
        Expect(fake.Locator, VdeFailure.NotASwitch, "closed the connection");
    }

    [Test]
    public void A_refused_port_is_named()
    {
        using FakeSwitch fake = FakeSwitch.ThatCloses(_folder);
        Expect(fake.Locator with { Port = 77 }, VdeFailure.NotASwitch, "refused port 77");
    }

    [TestCase(3)]
    [TestCase(110)]
    [TestCase(300)]
    public void Garbage_is_no_answer_of_a_switch(int length)
    {
        byte[] garbage = new byte[length];
        garbage.AsSpan().Fill(0x47);
        using FakeSwitch fake = FakeSwitch.ThatAnswers(_folder, garbage);
        Expect(fake.Locator, VdeFailure.NotASwitch, "does not speak VDE");
    }

    [Test]
    public void A_data_socket_that_is_not_there_is_a_failure()
    {
        using FakeSwitch fake = FakeSwitch.ThatAnswers(_folder, FakeSwitch.Address($"{_folder.Path}/nowhere"));
        Expect(fake.Locator, VdeFailure.Local, "nowhere");
    }

    [Test]
    public void A_failed_attempt_leaves_nothing_in_the_folder()
    {
        using (FakeSwitch fake = FakeSwitch.ThatCloses(_folder))
            Expect(fake.Locator, VdeFailure.NotASwitch, "closed");
        Assert.That(Directory.GetFileSystemEntries(_folder.Path, ".*"), Is.Empty);
    }

    private void Expect(VnlLocator locator, VdeFailure failure, string message)
    {
        VdeException thrown = Assert.Throws<VdeException>(() => Plug(locator))!;
        Assert.That(thrown.Failure, Is.EqualTo(failure), thrown.Message);
        Assert.That(thrown.Message, Does.Contain(message).And.Not.Contain("\n"));
    }

    private VdePlug Plug(VnlLocator locator, string description = "test") =>
        VdePlug.Connect(locator, description, _frames, _ => { });
}

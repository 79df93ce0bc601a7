using System.Net.Sockets;

namespace Pyco.Network.Tests;

/// <summary>Who has a network's folder.</summary>
internal sealed class NetworkFolderTests
{
    private const int Rounds = 1000;

    private string _root = "";

    [SetUp]
    public void MakeRoot() => _root = Directory.CreateTempSubdirectory("pyco-folder-").FullName;

    [TearDown]
    public void RemoveRoot() => Directory.Delete(_root, recursive: true);

    [Test]
    public void A_link_to_nowhere_is_no_place_for_a_network()
    {
        string path = Path.Combine(_root, "link");
        File.CreateSymbolicLink(path, Path.Combine(_root, "nowhere"));
        Assert.That(
            () => NetworkFolder.Claim(new NetworkOptions { Path = path }),
            Throws.InstanceOf<IOException>().With.Message.Contains("a link to a place that is not there"));
    }

    [Test]
    public void The_folders_above_it_that_were_made_for_it_go_with_it()
    {
        string own = Path.Combine(_root, "own");
        Directory.CreateDirectory(own);
        using (NetworkFolder.Claim(new NetworkOptions { Path = $"{own}/a/b/net" }))
            Assert.That(Directory.Exists($"{own}/a/b/net"), Is.True);
        Assert.That(Directory.GetFileSystemEntries(own), Is.Empty, "and no other");
    }

    [Test]
    public void A_folder_that_somebody_else_uses_by_then_stays()
    {
        using (NetworkFolder.Claim(new NetworkOptions { Path = $"{_root}/a/b/net" }))
            File.WriteAllText($"{_root}/a/file", "");
        Assert.That(Directory.GetFileSystemEntries(_root, "*", SearchOption.AllDirectories), Is.EquivalentTo(new[] { $"{_root}/a", $"{_root}/a/file" }));
    }

    [TestCase("/etc/passwd/net", "Not a directory")]
    [TestCase("/proc/net-of-ours/net", "No such file or directory")]
    public void Where_no_folder_can_be_made_the_reason_is_told(string path, string reason) =>
        Assert.That(
            () => NetworkFolder.Claim(new NetworkOptions { Path = path }),
            Throws.InstanceOf<IOException>().With.Message.EqualTo($"cannot make the network's folder {path}: {reason}"));

    [Test]
    public void What_was_made_above_a_folder_that_cannot_be_opened_is_removed()
    {
        NetworkOptions options = new() { Path = $"{_root}/a/net", Group = "no-such-group" };
        Assert.That(
            () => NetworkFolder.Claim(options), Throws.InstanceOf<IOException>().With.Message.EqualTo("there is no group no-such-group"));
        Assert.That(Directory.GetFileSystemEntries(_root), Is.Empty);
    }

    /// <summary>It could not remove its folder at its end.</summary>
    [Test]
    public void Nothing_is_left_in_the_folder_of_a_switch_that_is_not_ours()
    {
        string path = Path.Combine(_root, "vde.ctl");
        Directory.CreateDirectory(path);
        using Socket stockSwitch = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stockSwitch.Bind(new UnixDomainSocketEndPoint($"{path}/ctl"));
        stockSwitch.Listen();

        Assert.That(
            () => NetworkFolder.Claim(new NetworkOptions { Path = path }),
            Throws.InstanceOf<NetworkRunsException>().With.Message.Contains("which is not ours"));
        Assert.That(Directory.GetFileSystemEntries(path), Is.EqualTo(new[] { $"{path}/ctl" }));
    }

    [Test]
    public void A_network_that_begins_while_another_ends_gets_the_folder_or_hears_that_it_is_taken()
    {
        string path = Path.Combine(_root, "above/net");
        int claimed = BeginAndEnd([path, path, path]);

        Assert.That(claimed, Is.Positive);
        Assert.That(Directory.Exists(path), Is.False, "the last one has removed it");
    }

    [Test]
    public void Networks_that_begin_and_end_below_one_folder_do_not_take_it_from_each_other() => Assert.That(
        BeginAndEnd([Path.Combine(_root, "a/b/one"), Path.Combine(_root, "a/b/two"), Path.Combine(_root, "a/three")]),
        Is.EqualTo(3 * Rounds));

    /// <summary>Begins and ends networks, those of each path in a thread of their own.</summary>
    /// <returns>How many have had their folder; the others have heard that it is taken.</returns>
    private static int BeginAndEnd(string[] paths)
    {
        int claimed = 0;
        List<Exception> failures = [];
        Thread[] networks = [.. paths.Select(path => new Thread(() => BeginAndEnd(path)))];
        Array.ForEach(networks, network => network.Start());
        Array.ForEach(networks, network => network.Join());
        Assert.That(failures, Is.Empty);
        return claimed;

        void BeginAndEnd(string path)
        {
            for (int round = 0; round < Rounds; round++)
            {
                try
                {
                    using NetworkFolder folder = NetworkFolder.Claim(new NetworkOptions { Path = path });
                    Interlocked.Increment(ref claimed);
                }
                catch (NetworkRunsException)
                {
                    // which is true
                }
#pragma warning disable CA1031 // it is what the test is about
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    lock (failures)
                        failures.Add(failure);
                }
            }
        }
    }
}

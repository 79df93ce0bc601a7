using System.Net.Sockets;

namespace Pyco.Network.Tests;

/// <summary>Who has a network's folder.</summary>
internal sealed class NetworkFolderTests
{
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
        NetworkOptions options = new() { Path = Path.Combine(_root, "net") };
        int claimed = 0;
        List<Exception> failures = [];
        Thread[] networks = [.. Enumerable.Range(0, 3).Select(_ => new Thread(BeginAndEnd))];
        Array.ForEach(networks, network => network.Start());
        Array.ForEach(networks, network => network.Join());

        Assert.That(failures, Is.Empty);
        Assert.That(claimed, Is.Positive);
        Assert.That(Directory.Exists(options.Path), Is.False, "the last one has removed it");

        void BeginAndEnd()
        {
            for (int round = 0; round < 1000; round++)
            {
                try
                {
                    using NetworkFolder folder = NetworkFolder.Claim(options);
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

using System.Runtime.Versioning;
using Pyco.Stack;

namespace Pyco.Network.Tests;

[SupportedOSPlatform("linux")]
public class SecretFileTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pyco-secret-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void All_hosts_of_a_user_get_one_secret_that_only_he_can_read()
    {
        ConnectionSecret first = SecretFile.Take(Environment);
        Assert.That(SecretFile.Take(Environment), Is.EqualTo(first));
        string path = RuntimeFolder.Secret(Environment);
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        File.Delete(path);
        Assert.That(SecretFile.Take(Environment), Is.Not.EqualTo(first));
    }

    [Test]
    public void Hosts_that_start_at_once_get_one_secret()
    {
        for (int round = 0; round < 100; round++)
        {
            ConnectionSecret[] secrets = new ConnectionSecret[4];
            using Barrier start = new(secrets.Length);
            Thread[] hosts = [.. Enumerable.Range(0, secrets.Length).Select(number => new Thread(() =>
            {
                start.SignalAndWait();
                secrets[number] = SecretFile.Take(Environment);
            }))];
            Array.ForEach(hosts, host => host.Start());
            Array.ForEach(hosts, host => host.Join());

            Assert.That(secrets.Distinct().Count(), Is.EqualTo(1), $"round {round}");
            Assert.That(Directory.GetFiles(Path.GetDirectoryName(RuntimeFolder.Secret(Environment))!), Has.Length.EqualTo(1), "no draft is left");
            File.Delete(RuntimeFolder.Secret(Environment));
        }
    }

    [Test]
    public void A_spoilt_file_costs_no_more_than_the_common_secret()
    {
        _ = SecretFile.Take(Environment);
        File.WriteAllText(RuntimeFolder.Secret(Environment), "short");
        ConnectionSecret one = SecretFile.Take(Environment);
        ConnectionSecret other = SecretFile.Take(Environment);
        Assert.That(one, Is.Not.EqualTo(other));
    }

    private string? Environment(string name) => name == "XDG_RUNTIME_DIR" ? _folder : null;
}

using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>The package is removed, or half removed, while guests run.</summary>
[TestFixture]
internal sealed class MissingProgramTests() : Scenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _domain = new("orphaned", "GRID M60-4Q");

    [Test]
    public void Without_the_hook_guests_live_on_and_end()
    {
        Start(_domain);
        using (new Missing(Lab, "usr/sbin/libvirt-mdev-hook"))
        {
            Lab.RestartDaemon();
            Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
            Destroy(_domain);
            Assert.That(Exists(_domain.Device), "Nobody was there to remove it.");
        }

        Lab.ReloadDaemon();
        Start(_domain.Uuid);
        Assert.That(Effects, Has.One.EqualTo("Info prepare of domain 'orphaned': found a record of an earlier run, taking it down first"));
    }

    [Test]
    public void Without_the_worker_only_a_domain_with_a_declaration_is_refused()
    {
        var plain = new GuestDomain("plain");
        Lab.Define(_domain.Guest());
        Lab.Define(plain);
        using (new Missing(Lab, "usr/bin/virt-mdev"))
        {
            Assert.That(Refusal(_domain.Uuid), Is.EqualTo($"domain 'orphaned': '{Lab.Folder}/usr/bin/virt-mdev' cannot be started "
                + "(No such file or directory (ENOENT)); install libvirt-mdev-hook again or remove it altogether"));
            Start(plain.Uuid);
        }
    }

    [Test]
    public void Without_the_worker_guests_live_on_and_end()
    {
        Start(_domain);
        using (new Missing(Lab, "usr/bin/virt-mdev"))
        {
            Lab.RestartDaemon();
            Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
            Destroy(_domain);
        }

        Start(_domain.Uuid);
    }

    /// <summary>A file of the lab that is missing for a while.</summary>
    private sealed class Missing : IDisposable
    {
        private readonly string _file;

        public Missing(HermeticLibvirtd lab, string path)
        {
            _file = Path.Combine(lab.Folder, path);
            File.Move(_file, _file + ".away");
        }

        public void Dispose() => File.Move(_file + ".away", _file);
    }
}
